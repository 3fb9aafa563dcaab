/// Tests SplitMix64 and FNV-1a against published values.
import Hashing
import Testing

/// The first outputs for seed 0 of the reference implementation (Vigna, prng.di.unimi.it/splitmix64.c).
@Test func `SplitMix64 has the published outputs`() {
  var generator = SplitMix64(seed: 0)
  #expect(
    (0..<3).map { _ in generator.next() } == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F])
}

/// Test vectors of Fowler, Noll & Vo (isthe.com/chongo/tech/comp/fnv).
@Test(arguments: [("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C)] as [(String, UInt64)])
func `FNV-1a has the published values`(_ text: String, _ hash: UInt64) {
  #expect(fnv1a(text) == hash)
}
