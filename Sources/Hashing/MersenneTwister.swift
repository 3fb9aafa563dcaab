/// The Mersenne Twister MT19937 (Matsumoto & Nishimura 1998), torch's generator on the CPU: for numbers that torch drew, and
/// that a file has only the seed of. Not for secrets.

package struct MersenneTwister: Sendable {
  private var state: [UInt32]
  private var index = 624

  /// `torch.Generator().manual_seed(seed)`, which uses the seed's low 32 bits.
  package init(seed: UInt32) {
    state = [seed]
    for index in 1..<624 {
      let last = state[index - 1]
      state.append(1_812_433_253 &* (last ^ last >> 30) &+ UInt32(index))
    }
  }

  /// The reference implementation's `init_by_array`, which Python's `random.seed` uses.
  init(key: [UInt32]) {
    precondition(!key.isEmpty, "MersenneTwister: an empty key")
    self.init(seed: 19_650_218)
    var place = 1
    func last(_ factor: UInt32) -> UInt32 { (state[place - 1] ^ state[place - 1] >> 30) &* factor }
    func advance() {
      place += 1
      if place == 624 { (state[0], place) = (state[623], 1) }
    }
    for step in 0..<max(624, key.count) {
      let number = step % key.count
      state[place] = (state[place] ^ last(1_664_525)) &+ key[number] &+ UInt32(number)
      advance()
    }
    for _ in 0..<623 {
      state[place] = (state[place] ^ last(1_566_083_941)) &- UInt32(place)
      advance()
    }
    state[0] = 0x8000_0000
  }

  package mutating func next() -> UInt32 {
    if index == 624 { twist() }
    var y = state[index]
    index += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9D2C_5680
    y ^= y << 15 & 0xEFC6_0000
    return y ^ y >> 18
  }

  private mutating func twist() {
    for index in 0..<624 {
      let y = state[index] & 0x8000_0000 | state[(index + 1) % 624] & 0x7FFF_FFFF
      state[index] = state[(index + 397) % 624] ^ y >> 1 ^ (y & 1 == 0 ? 0 : 0x9908_B0DF)
    }
    index = 0
  }

  /// The first `count` numbers of `torch.randperm(size)` on the CPU, for sizes below 214,748,364.
  /// source: aten/src/ATen/native/TensorFactories.cpp `randperm_cpu`
  package mutating func permutation(of size: Int, first count: Int) -> [Int] {
    precondition(size < Int(UInt32.max) / 20 && count <= size, "permutation: \(count) of \(size)")
    var numbers = Array(0..<size)
    // The last number is not drawn.
    for index in 0..<min(count, max(size - 1, 0)) {
      numbers.swapAt(index, index + Int(next()) % (size - index))
    }
    return Array(numbers.prefix(count))
  }
}
