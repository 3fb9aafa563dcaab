/// Numbers of Python's generator. The expected ones are printed by
/// `python3 -c 'import random; random.seed(0); l = list(range(10)); random.shuffle(l); print(l, [random.choice(range(7)) for _ in range(8)])'`
/// and the same with seed 12345 and 12 numbers.
import Hashing
import Testing

@Test func `lists are shuffled, and elements chosen, as by Python`() {
  var generator = PythonRandom(seed: 0), numbers = Array(0..<10)
  generator.shuffle(&numbers)
  #expect(numbers == [7, 8, 1, 5, 3, 4, 2, 0, 9, 6])
  #expect((0..<8).map { _ in generator.below(7) } == [2, 4, 1, 4, 1, 2, 1, 6])
  generator = PythonRandom(seed: 12345)
  numbers = Array(0..<12)
  generator.shuffle(&numbers)
  #expect(numbers == [11, 10, 8, 1, 7, 9, 2, 3, 5, 4, 0, 6])
}
