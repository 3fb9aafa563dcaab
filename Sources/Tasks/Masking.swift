import Glibc
/// Which tokens of a text a model must guess, and what it sees in their place (Devlin et al. 2019 §3.1).
/// A pure function of the text and a key: any step can be drawn again. Does not read text or batch it.
import Hashing
import Models
public import Tokenizers

/// Settings that no masking can have.
public enum MaskingFault: Error, Equatable, CustomStringConvertible {
  case noMask
  case probability(Double)
  case shares(mask: Double, random: Double, keep: Double)

  public var description: String {
    switch self {
    case .noMask: "The tokenizer has no [MASK]; masked-language modelling needs one."
    case .probability(let found): "The share of masked tokens is \(found); it must be above 0 and at most 1."
    case .shares(let mask, let random, let keep):
      "The shares of masked, random and kept tokens are \(mask), \(random) and \(keep); none may be negative, and their "
        + "sum must be 1."
    }
  }
}

public struct Masking: Sendable {
  /// Chosen tokens, of those that are not special.
  public let mlmProbability: Double
  /// Shares of the chosen tokens that the model sees as [MASK], and as another token; the rest it sees as it is.
  public let maskReplaceProb, randomReplaceProb: Double
  public let wholeWordMask: Bool
  private let maskID: Int32
  private let isSpecial, isContinuation: [Bool]
  /// What a random token is drawn from.
  private let replacements: [Int32]
  /// By id; nil where all tokens are alike.
  private let weights: [Double]?

  /// Special tokens ([CLS], [SEP], [PAD], [UNK], [MASK]) are never chosen, as in transformers. A text with any other
  /// token has at least one target. Three ways to choose:
  ///
  /// - **Plain**: each token with `probability`, on its own, as transformers' collator does; where that chooses none,
  ///   one at random.
  /// - **`wholeWord`**, as Google's BERT does: words in random order until `probability` of the tokens are chosen,
  ///   skipping a word that would go beyond; all pieces of a chosen word are chosen. Where each word would go beyond,
  ///   the first is chosen. A word is a token and the continuations (`##…`) behind it.
  /// - **`smoothing`**, as DistilBERT does (`distiller.py`, `prepare_batch_mlm`): `probability` of the tokens without
  ///   replacement (`torch.multinomial`), a token's weight being max(1, count)^-smoothing of its id. DistilBERT draws
  ///   from the whole batch; this draws from each text, so that a text's mask does not depend on its neighbours. With
  ///   `wholeWord` it draws words, whose weight is the mean of their pieces'.
  ///
  /// The last two choose n·`probability` tokens of n, rounded up or down by chance so that the mean is right.
  /// A random token is any but the special ones; BERT and transformers draw from the whole vocabulary, special ones too.
  ///
  /// ```swift
  /// let masking = try Masking(tokenizer, smoothing: 0.7, counts: store.counts(vocabulary: tokenizer.count))
  /// let (input, targets) = masking(store[8], key: (seed: 42, step: 100, example: 8))
  /// ```
  /// - Parameters:
  ///   - smoothing: DistilBERT's is 0.7; nil for none.
  ///   - counts: how often each id occurs; read with `smoothing` only.
  /// - Throws: `MaskingFault`.
  public init(
    _ tokenizer: WordPiece, probability: Double = 0.15, mask: Double = 0.8, random: Double = 0.1, keep: Double = 0.1,
    wholeWord: Bool = false, smoothing: Double? = nil, counts: [Int] = []
  ) throws {
    guard let maskID = tokenizer.mask else { throw MaskingFault.noMask }
    guard probability > 0, probability <= 1 else { throw MaskingFault.probability(probability) }
    guard mask >= 0, random >= 0, keep >= 0, abs(mask + random + keep - 1) < 1e-6 else {
      throw MaskingFault.shares(mask: mask, random: random, keep: keep)
    }
    self.maskID = maskID
    (self.mlmProbability, self.maskReplaceProb, self.randomReplaceProb, self.wholeWordMask) = (
      probability, mask, random, wholeWord
    )
    var isSpecial = [Bool](repeating: false, count: tokenizer.count)
    for id in tokenizer.specialIDs { isSpecial[Int(id)] = true }
    self.isSpecial = isSpecial
    isContinuation = tokenizer.isContinuation
    replacements = isSpecial.indices.filter { !isSpecial[$0] }.map(Int32.init)
    weights = smoothing.map { exponent in
      precondition(counts.count >= isSpecial.count, "Masking: \(counts.count) counts for \(isSpecial.count) ids")
      return counts.map { pow(Double(max($0, 1)), -exponent) }
    }
  }

  /// What the model sees, and what it must guess: the token itself where it was chosen, -1 elsewhere.
  public func callAsFunction(
    _ ids: [Int32], key: (seed: UInt64, step: Int, example: Int)
  ) -> (input: [Int32], targets: [Int32]) {
    var chance = generator(key)
    var input = ids
    var targets = [Int32](repeating: -1, count: ids.count)
    for index in chosen(ids, &chance) {
      targets[index] = ids[index]
      let share = chance.unit()
      if share < maskReplaceProb {
        input[index] = maskID
      } else if share < maskReplaceProb + randomReplaceProb, !replacements.isEmpty {
        input[index] = replacements[chance.below(replacements.count)]
      }
    }
    return (input, targets)
  }

  /// The places of the chosen tokens.
  private func chosen(_ ids: [Int32], _ chance: inout SplitMix64) -> [Int] {
    let places = ids.indices.filter { !isSpecial[Int(ids[$0])] }
    if places.isEmpty { return [] }
    if !wholeWordMask && weights == nil {
      let chosen = places.filter { _ in chance.unit() < mlmProbability }
      return chosen.isEmpty ? [places[chance.below(places.count)]] : chosen
    }
    let budget = max(1, Int(Double(places.count) * mlmProbability + chance.unit()))
    var chosen: [Int] = []
    let units = drawn(wholeWordMask ? words(ids, places) : places.map { $0..<$0 + 1 }, ids, &chance)
    for unit in units where chosen.count + unit.count <= budget {
      chosen += unit
      if chosen.count == budget { break }
    }
    return chosen.isEmpty ? Array(units[0]) : chosen
  }

  private func words(_ ids: [Int32], _ places: [Int]) -> [Range<Int>] {
    var words: [Range<Int>] = []
    for place in places {
      if isContinuation[Int(ids[place])], let last = words.last, last.upperBound == place {
        words[words.count - 1] = last.lowerBound..<place + 1
      } else {
        words.append(place..<place + 1)
      }
    }
    return words
  }

  /// The units in the order in which drawing without replacement takes them: that of -log(u) / weight, rising
  /// (Efraimidis & Spirakis 2006), which is the law of `torch.multinomial`.
  private func drawn(_ units: [Range<Int>], _ ids: [Int32], _ chance: inout SplitMix64) -> [Range<Int>] {
    let keyed = units.map { unit in
      var weight = 1.0
      if let weights { weight = unit.reduce(0) { $0 + weights[Int(ids[$1])] } / Double(unit.count) }
      return (key: -log(1 - chance.unit()) / weight, unit: unit)
    }
    return keyed.sorted { ($0.key, $0.unit.lowerBound) < ($1.key, $1.unit.lowerBound) }.map(\.unit)
  }
}

/// Numbers of their own for every key: each part goes through SplitMix64's mixing.
private func generator(_ key: (seed: UInt64, step: Int, example: Int)) -> SplitMix64 {
  var state = key.seed
  for part in [key.step, key.example] {
    var mixer = SplitMix64(seed: state)
    state = mixer.next() ^ UInt64(bitPattern: Int64(part))
  }
  var mixer = SplitMix64(seed: state)
  return SplitMix64(seed: mixer.next())
}

extension SplitMix64 {
  /// A number in 0..<count.
  fileprivate mutating func below(_ count: Int) -> Int { Int(unit() * Double(count)) }
}
