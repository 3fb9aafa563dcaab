/// What masking promises, measured: shares within three standard errors, words whole, keys that draw the same again.
import Glibc
import Tasks
import Testing
import Tokenizers

struct MaskingTests {
  private let cls: Int32 = 2, sep: Int32 = 3, mask: Int32 = 4

  /// [CLS], `count` letters (a third of them continuations), [SEP]; other letters for every `block`.
  private func block(_ count: Int, _ block: Int = 0) -> [Int32] {
    [cls] + (0..<count).map { Int32(($0 % 3 == 1 ? 31 : 5) + ($0 * 11 + block) % 26) } + [sep]
  }

  /// Whether a share of `count` trials is within three standard errors of `expected`.
  private func agrees(_ hits: Int, of count: Int, _ expected: Double) -> Bool {
    abs(Double(hits) / Double(count) - expected) <= 3 * sqrt(expected * (1 - expected) / Double(count))
  }

  @Test func `fifteen percent are chosen; of these 80 percent are masked, 10 random, 10 kept`() throws {
    let masking = try Masking(letters())
    var chosen = 0, masked = 0, same = 0, wrong = 0
    for example in 0..<1000 {
      let ids = block(1000, example)
      let (input, targets) = masking(ids, key: (seed: 1, step: 0, example: example))
      for place in ids.indices {
        let isChosen = targets[place] != -1
        if targets[place] != (isChosen ? ids[place] : -1) || isChosen && ids[place] <= 4 { wrong += 1 }
        if !isChosen && input[place] != ids[place] { wrong += 1 }
        if !isChosen { continue }
        chosen += 1
        if input[place] == mask { masked += 1 } else if input[place] == ids[place] { same += 1 }
      }
    }
    #expect(wrong == 0)
    #expect(agrees(chosen, of: 1_000_000, 0.15))
    #expect(agrees(masked, of: chosen, 0.8))
    // One in 52 random tokens is the token itself.
    #expect(agrees(same, of: chosen, 0.1 + 0.1 / 52))
    #expect(agrees(chosen - masked - same, of: chosen, 0.1 - 0.1 / 52))
  }

  @Test func `random tokens come from all that are not special, evenly`() throws {
    let masking = try Masking(letters(), probability: 1, mask: 0, random: 1, keep: 0)
    var seen = [Int](repeating: 0, count: 57)
    for step in 0..<52 {
      for id in masking(block(1000), key: (seed: 2, step: step, example: 0)).input.dropFirst().dropLast() {
        seen[Int(id)] += 1
      }
    }
    #expect(seen[..<5].allSatisfy { $0 == 0 })
    // 52 classes: the square sum of deviations has the mean 51 and the deviation √102.
    let chi = seen[5...].reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
    #expect(abs(chi - 51) < 3 * 102.0.squareRoot())
  }

  @Test func `a single draw goes by count to the power of -0.7`() throws {
    let classes = [1, 10, 100, 1000, 100_000]
    var counts = [Int](repeating: 0, count: 57)
    for (index, count) in classes.enumerated() { counts[5 + index] = count }
    let masking = try Masking(letters(), probability: 0.01, smoothing: 0.7, counts: counts)
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

  @Test func `draws without replacement have the chances of torch.multinomial`() throws {
    // Two of a, b, c with the weights w: P(a is among them) = w_a + Σ w_j·w_a / (1 - w_j).
    var counts = [Int](repeating: 1, count: 57)
    (counts[6], counts[7]) = (8, 64)
    let masking = try Masking(letters(), probability: 2.0 / 3, smoothing: 0.7, counts: counts)
    var hits = [0, 0, 0]
    for step in 0..<20_000 {
      for target in masking([5, 6, 7], key: (seed: 4, step: step, example: 0)).targets where target >= 0 {
        hits[Int(target) - 5] += 1
      }
    }
    let raw = [1, 8, 64].map { pow(Double($0), -0.7) }, w = raw.map { $0 / raw.reduce(0, +) }
    for a in 0..<3 {
      let chance = (0..<3).filter { $0 != a }.reduce(w[a]) { $0 + w[$1] * w[a] / (1 - w[$1]) }
      #expect(agrees(hits[a], of: 20_000, chance))
    }
  }

  @Test func `smoothing chooses fifteen percent, rounded by chance`() throws {
    let masking = try Masking(letters(), smoothing: 0.7, counts: (0..<57).map { $0 * $0 })
    var chosen = 0
    for example in 0..<2000 {
      let count = masking(block(126, example), key: (seed: 5, step: 9, example: example)).targets.count { $0 >= 0 }
      #expect(count == 18 || count == 19)
      chosen += count
    }
    // 18.9 of 126: 18 and one more with the chance 0.9.
    #expect(agrees(chosen - 36_000, of: 2000, 0.9))
  }

  @Test(arguments: [nil, 0.7]) func `words are chosen whole, up to fifteen percent`(_ smoothing: Double?) throws {
    let masking = try Masking(
      letters(), wholeWord: true, smoothing: smoothing, counts: [Int](repeating: 3, count: 57))
    var chosen = 0
    for example in 0..<500 {
      let ids = block(120, example)
      let targets = masking(ids, key: (seed: 6, step: 1, example: example)).targets
      for place in ids.indices where ids[place] >= 31 { #expect((targets[place] < 0) == (targets[place - 1] < 0)) }
      #expect(targets.count { $0 >= 0 } <= 18)
      chosen += targets.count { $0 >= 0 }
    }
    // A block misses its 18 only where the last free place is one and no single-token word is left: never here.
    #expect(chosen == 500 * 18)
  }

  @Test func `every text has a target, even where each word is longer than the share`() throws {
    let long: [Int32] = [cls, 5, 31, 32, 33, 34, sep]
    let whole = try Masking(letters(), wholeWord: true), plain = try Masking(letters(), probability: 1e-9)
    #expect(whole(long, key: (1, 2, 3)).targets == [-1, 5, 31, 32, 33, 34, -1])
    var places = Set<Int>()
    for step in 0..<200 {
      let targets = plain(long, key: (1, step, 3)).targets
      #expect(targets.count { $0 >= 0 } == 1)
      places.formUnion(targets.indices.filter { targets[$0] >= 0 })
    }
    #expect(places == [1, 2, 3, 4, 5])
  }

  @Test func `special tokens are never chosen, and a text of them has no target`() throws {
    for wholeWord in [false, true] {
      let all = try Masking(letters(), probability: 1, wholeWord: wholeWord)
      let ids: [Int32] = [2, 5, 1, 31, 4, 0, 6, 3]
      #expect(all(ids, key: (1, 1, 1)).targets == [-1, 5, -1, 31, -1, -1, 6, -1])
      #expect(all([2, 1, 3], key: (1, 1, 1)).targets == [-1, -1, -1])
      #expect(all([], key: (1, 1, 1)).targets == [])
    }
  }

  @Test func `one key draws one mask; another seed, step or example another`() throws {
    let masking = try Masking(letters()), ids = block(126)
    let first = masking(ids, key: (7, 8, 9))
    let again = masking(ids, key: (7, 8, 9))
    #expect(again.input == first.input && again.targets == first.targets)
    for key in [(6, 8, 9), (7, 9, 9), (7, 8, 10), (7, 9, 8), (8, 7, 9)] as [(UInt64, Int, Int)] {
      #expect(masking(ids, key: key).targets != first.targets)
    }
  }

  @Test func `impossible settings are told`() throws {
    let tokenizer = try letters()
    #expect(throws: MaskingFault.probability(0)) { try Masking(tokenizer, probability: 0) }
    #expect(throws: MaskingFault.shares(mask: 0.8, random: 0.1, keep: 0.2)) { try Masking(tokenizer, keep: 0.2) }
    let bare = try WordPiece(vocabulary: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"], lowercase: true)
    #expect(throws: MaskingFault.noMask) { try Masking(bare) }
  }
}
