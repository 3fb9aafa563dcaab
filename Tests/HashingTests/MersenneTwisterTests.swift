/// Numbers of torch's generator. The expected ones are printed by `Tests/Fixtures/make_weight_methods.py randperm`.
import Hashing
import Testing

@Test(
  arguments: [
    (777, 1024, [103, 249, 319, 701, 999, 360, 217, 998]), (0, 10, [4, 1, 7, 5, 3, 9, 0, 8]),
    (1_099_511_627_781, 700, [211, 166, 33, 503, 306, 395, 612, 297]),
  ])
func `a permutation is that of torch.randperm`(_ seed: Int, _ size: Int, _ expected: [Int]) {
  var generator = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
  #expect(generator.permutation(of: size, first: 8) == expected)
}

@Test func `a whole permutation has every number once`() {
  var generator = MersenneTwister(seed: 1)
  #expect(generator.permutation(of: 100, first: 100).sorted() == Array(0..<100))
  #expect(generator.permutation(of: 1, first: 1) == [0])
}

@Test func `the generator is MT19937`() {
  var generator = MersenneTwister(seed: 5489)
  for _ in 0..<9999 { _ = generator.next() }
  #expect(generator.next() == 4_123_659_995)  // The C++ standard's value for std::mt19937, [rand.predef].
}
