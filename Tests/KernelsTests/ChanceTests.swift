/// The counter-based generator against its authors' known answers.
import CKernels
import Testing

/// The four words that the generator makes of a counter and a key.
private func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
  var place = tune_dropout()
  place.key = (key[0], key[1])
  (place.site, place.step, place.shard) = (counter[1], counter[2], counter[3])
  var words = [UInt32](repeating: 0, count: 64)
  tune_dropout_bits(&place, counter[0] / 16, 0, &words)
  return (0..<4).map { words[$0 * 16 + Int(counter[0] % 16)] }
}

@Suite struct ChanceTests {
  // Random123 1.14, tests/kat_vectors, the lines of philox4x32 with 10 rounds.
  @Test func `Philox 4×32-10 gives the known answers`() {
    #expect(philox([0, 0, 0, 0], [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = UInt32.max
    #expect(philox([ones, ones, ones, ones], [ones, ones]) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func `another row, chunk, site, step or shard is another counter`() {
    var seen: Set<[UInt32]> = []
    for row in [0, 1, 2, 65536] as [UInt32] {
      for chunk in 0..<3 as Range<UInt32> {
        for other in 0..<8 as Range<UInt32> {
          var place = tune_dropout()
          (place.site, place.step, place.shard) = (1 + other & 1, other >> 1 & 1, other >> 2 & 1)
          var words = [UInt32](repeating: 0, count: 64)
          tune_dropout_bits(&place, row, chunk, &words)
          for lane in 0..<16 { seen.insert([words[lane], words[lane + 16], words[lane + 32], words[lane + 48]]) }
        }
      }
    }
    #expect(seen.count == 4 * 3 * 8 * 16)
  }
}
