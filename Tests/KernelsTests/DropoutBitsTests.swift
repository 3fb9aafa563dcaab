/// The counter-based generator behind dropout, against its authors' known answers.
import CKernels
import Testing

/// The four outputs of Philox for one counter and key.
private func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
  var dropout = tune_dropout()
  dropout.key = (key[0], key[1])
  (dropout.site, dropout.step, dropout.shard) = (counter[1], counter[2], counter[3])
  var bits = [UInt32](repeating: 0, count: 64)
  tune_dropout_bits(&dropout, counter[0] / 16, 0, &bits)
  return (0..<4).map { bits[$0 * 16 + Int(counter[0] % 16)] }
}

@Suite struct DropoutBitsTests {
  // Random123 1.14, tests/kat_vectors, the rows of philox4x32 with 10 rounds.
  @Test func `Philox 4×32-10 gives the known answers`() {
    #expect(philox([0, 0, 0, 0], [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = UInt32.max
    #expect(philox([ones, ones, ones, ones], [ones, ones]) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func `each row, chunk, site, step and shard has its own counter`() {
    var seen: Set<[UInt32]> = []
    for row in [0, 1, 2, 65536] as [UInt32] {
      for chunk in 0..<3 as Range<UInt32> {
        for combination in 0..<8 as Range<UInt32> {
          var dropout = tune_dropout()
          (dropout.site, dropout.step, dropout.shard) = (
            1 + combination & 1, combination >> 1 & 1, combination >> 2 & 1
          )
          var bits = [UInt32](repeating: 0, count: 64)
          tune_dropout_bits(&dropout, row, chunk, &bits)
          for lane in 0..<16 { seen.insert([bits[lane], bits[lane + 16], bits[lane + 32], bits[lane + 48]]) }
        }
      }
    }
    #expect(seen.count == 4 * 3 * 8 * 16)
  }
}
