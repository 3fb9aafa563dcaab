/// Masking: fractions within three standard errors, whole words, and masks that are reproducible from their key.
import Glibc
import Tasks
import Testing
import Tokenization

struct MaskingTests {
  private let cls: Int32 = 2, sep: Int32 = 3, mask: Int32 = 4

  /// [CLS], `count` letters (a third of them continuations), [SEP]; the letters differ for every `block`.
  private func block(_ count: Int, _ block: Int = 0) -> [Int32] {
    [cls] + (0..<count).map { Int32(($0 % 3 == 1 ? 31 : 5) + ($0 * 11 + block) % 26) } + [sep]
  }

  /// Whether the fraction `hits` of `count` trials is within three standard errors of `expected`.
  private func agrees(_ hits: Int, of count: Int, _ expected: Double) -> Bool {
    abs(Double(hits) / Double(count) - expected) <= 3 * sqrt(expected * (1 - expected) / Double(count))
  }

  @Test func `15 percent of tokens are selected; 80 percent of these are masked, 10 randomly replaced, 10 kept`() throws
  {
    let masking = try Masking(letters())
    var selected = 0, masked = 0, unchanged = 0, errors = 0
    for example in 0..<1000 {
      let ids = block(1000, example)
      let (input, targets) = masking(ids, key: (seed: 1, step: 0, example: example))
      for index in ids.indices {
        let isSelected = targets[index] != -1
        if targets[index] != (isSelected ? ids[index] : -1) || isSelected && ids[index] <= 4 { errors += 1 }
        if !isSelected && input[index] != ids[index] { errors += 1 }
        if !isSelected { continue }
        selected += 1
        if input[index] == mask { masked += 1 } else if input[index] == ids[index] { unchanged += 1 }
      }
    }
    #expect(errors == 0)
    #expect(agrees(selected, of: 1_000_000, 0.15))
    #expect(agrees(masked, of: selected, 0.8))
    // One in 52 random tokens is the token itself.
    #expect(agrees(unchanged, of: selected, 0.1 + 0.1 / 52))
    #expect(agrees(selected - masked - unchanged, of: selected, 0.1 - 0.1 / 52))
  }

  @Test func `random tokens are uniform over all tokens that are not special`() throws {
    let masking = try Masking(
      letters(), mlmProbability: 1, maskReplaceProb: 0, randomReplaceProb: 1, keepProb: 0)
    var counts = [Int](repeating: 0, count: 57)
    for step in 0..<52 {
      for id in masking(block(1000), key: (seed: 2, step: step, example: 0)).input.dropFirst().dropLast() {
        counts[Int(id)] += 1
      }
    }
    #expect(counts[..<5].allSatisfy { $0 == 0 })
    // With 52 classes, chi-squared has mean 51 and standard deviation √102.
    let chiSquared = counts[5...].reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
    #expect(abs(chiSquared - 51) < 3 * 102.0.squareRoot())
  }

  @Test func `a single draw is weighted by count to the power of -0.7`() throws {
    let classes = [1, 10, 100, 1000, 100_000]
    var counts = [Int](repeating: 0, count: 57)
    for (index, count) in classes.enumerated() { counts[5 + index] = count }
    let masking = try Masking(letters(), mlmProbability: 0.01, smoothing: 0.7, counts: counts)
    let ids = [cls] + (0..<20).map { Int32(5 + $0 % 5) } + [sep]
    var hits = [Int](repeating: 0, count: 5), draws = 0
    for step in 0..<20_000 {
      for target in masking(ids, key: (seed: 3, step: step, example: 1)).targets where target >= 0 {
        hits[Int(target) - 5] += 1
        draws += 1
      }
    }
    #expect(draws == 20_000)
    let weights = classes.map { pow(Double($0), -0.7) }, sum = weights.reduce(0, +)
    for index in classes.indices { #expect(agrees(hits[index], of: draws, weights[index] / sum)) }
  }

  @Test func `draws without replacement have the probabilities of torch.multinomial`() throws {
    // Two of a, b, c with weights w: P(a is selected) = w_a + Σ w_j·w_a / (1 - w_j).
    var counts = [Int](repeating: 1, count: 57)
    (counts[6], counts[7]) = (8, 64)
    let masking = try Masking(letters(), mlmProbability: 2.0 / 3, smoothing: 0.7, counts: counts)
    var hits = [0, 0, 0]
    for step in 0..<20_000 {
      for target in masking([5, 6, 7], key: (seed: 4, step: step, example: 0)).targets where target >= 0 {
        hits[Int(target) - 5] += 1
      }
    }
    let raw = [1, 8, 64].map { pow(Double($0), -0.7) }, w = raw.map { $0 / raw.reduce(0, +) }
    for a in 0..<3 {
      let expected = (0..<3).filter { $0 != a }.reduce(w[a]) { $0 + w[$1] * w[a] / (1 - w[$1]) }
      #expect(agrees(hits[a], of: 20_000, expected))
    }
  }

  @Test func `smoothing selects 15 percent, randomly rounded`() throws {
    let masking = try Masking(letters(), smoothing: 0.7, counts: (0..<57).map { $0 * $0 })
    var selected = 0
    for example in 0..<2000 {
      let count = masking(block(126, example), key: (seed: 5, step: 9, example: example)).targets.count { $0 >= 0 }
      #expect(count == 18 || count == 19)
      selected += count
    }
    // 18.9 of 126: 18, or 19 with probability 0.9.
    #expect(agrees(selected - 36_000, of: 2000, 0.9))
  }

  @Test(arguments: [nil, 0.7]) func `whole words are selected, up to 15 percent of the tokens`(_ smoothing: Double?)
    throws
  {
    let masking = try Masking(
      letters(), wholeWordMask: true, smoothing: smoothing, counts: [Int](repeating: 3, count: 57))
    var selected = 0
    for example in 0..<500 {
      let ids = block(120, example)
      let targets = masking(ids, key: (seed: 6, step: 1, example: example)).targets
      for index in ids.indices where ids[index] >= 31 { #expect((targets[index] < 0) == (targets[index - 1] < 0)) }
      #expect(targets.count { $0 >= 0 } <= 18)
      selected += targets.count { $0 >= 0 }
    }
    // A block would have fewer than 18 only if 17 were selected and no single-token word were left.
    #expect(selected == 500 * 18)
  }

  @Test func `every text has a target, even if each word has more tokens than mlmProbability allows`() throws {
    let long: [Int32] = [cls, 5, 31, 32, 33, 34, sep]
    let wholeWord = try Masking(letters(), wholeWordMask: true)
    let perToken = try Masking(letters(), mlmProbability: 1e-9)
    #expect(wholeWord(long, key: (1, 2, 3)).targets == [-1, 5, 31, 32, 33, 34, -1])
    var selected = Set<Int>()
    for step in 0..<200 {
      let targets = perToken(long, key: (1, step, 3)).targets
      #expect(targets.count { $0 >= 0 } == 1)
      selected.formUnion(targets.indices.filter { targets[$0] >= 0 })
    }
    #expect(selected == [1, 2, 3, 4, 5])
  }

  @Test func `special tokens are never selected, and a text of special tokens has no target`() throws {
    for wholeWordMask in [false, true] {
      let masking = try Masking(letters(), mlmProbability: 1, wholeWordMask: wholeWordMask)
      let ids: [Int32] = [2, 5, 1, 31, 4, 0, 6, 3]
      #expect(masking(ids, key: (1, 1, 1)).targets == [-1, 5, -1, 31, -1, -1, 6, -1])
      #expect(masking([2, 1, 3], key: (1, 1, 1)).targets == [-1, -1, -1])
      #expect(masking([], key: (1, 1, 1)).targets == [])
    }
  }

  @Test func `the same key gives the same mask; another seed, step or example gives another`() throws {
    let masking = try Masking(letters()), ids = block(126)
    let first = masking(ids, key: (7, 8, 9))
    let second = masking(ids, key: (7, 8, 9))
    #expect(second.input == first.input && second.targets == first.targets)
    for key in [(6, 8, 9), (7, 9, 9), (7, 8, 10), (7, 9, 8), (8, 7, 9)] as [(UInt64, Int, Int)] {
      #expect(masking(ids, key: key).targets != first.targets)
    }
  }

  @Test func `invalid settings are rejected`() throws {
    let tokenizer = try letters()
    #expect(throws: MaskingFault.mlmProbability(0)) { try Masking(tokenizer, mlmProbability: 0) }
    #expect(throws: MaskingFault.replaceProbabilities(mask: 0.8, random: 0.1, keep: 0.2)) {
      try Masking(tokenizer, keepProb: 0.2)
    }
    let withoutMask = try WordPiece(vocabulary: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"], lowercase: true)
    #expect(throws: MaskingFault.noMask) { try Masking(withoutMask) }
  }
}
