import Encoders
/// Selects the tokens that a masked language model predicts, and replaces them in its input (Devlin et al. 2019 §3.1).
/// A pure function of the text and a key, so that any step can be reproduced. Does not read or batch text.
import Glibc
import Hashing
package import Tokenization

/// Invalid settings of `Masking`.
package enum MaskingFault: Error, Equatable, CustomStringConvertible {
  case noMask
  case mlmProbability(Double)
  case replaceProbabilities(mask: Double, random: Double, keep: Double)

  package var description: String {
    switch self {
    case .noMask: "The tokenizer has no mask token; masked language modeling requires one."
    case .mlmProbability(let found): "The fraction of tokens to predict is \(found); it must be above 0 and at most 1."
    case .replaceProbabilities(let mask, let random, let keep):
      "The probabilities of replacing a selected token with [MASK] or a random token, or keeping it, are "
        + "\(mask), \(random) and \(keep); none may be negative, and their sum must be 1."
    }
  }
}

package struct Masking: Sendable {
  /// Fraction of the non-special tokens that are selected.
  package let mlmProbability: Double
  /// Probabilities that a selected token is replaced with [MASK], or with a random token; otherwise it is kept.
  package let maskReplaceProb, randomReplaceProb: Double
  package let wholeWordMask: Bool
  private let maskID: Int32
  private let isSpecial, isContinuation: [Bool]
  /// The ids that random tokens are drawn from.
  private let replacements: [Int32]
  /// By id; nil if all tokens have equal weight.
  private let weights: [Double]?

  /// Special tokens ([CLS], [SEP], [PAD], [UNK], [MASK]) are never selected, as in transformers. A text with any other
  /// token has at least one target. There are three selection methods:
  ///
  /// - **Default**: each token independently with `mlmProbability`, as in transformers' collator; if that selects none,
  ///   one at random.
  /// - **`wholeWordMask`**, as in Google's BERT: whole words in random order until `mlmProbability` of the tokens are
  ///   selected, skipping words that would exceed it. If every word would exceed it, the first is selected. A word is a
  ///   token and the continuation tokens after it: `##…`, or in byte-level BPE those that do not begin with whitespace,
  ///   as in fairseq.
  /// - **`smoothing`**, as in DistilBERT (`distiller.py`, `prepare_batch_mlm`): `mlmProbability` of the tokens without
  ///   replacement (`torch.multinomial`), weighted by max(1, count)^-smoothing. DistilBERT draws from the whole batch;
  ///   this draws from each text separately, so that a mask does not depend on the rest of the batch. With
  ///   `wholeWordMask`, words are drawn, weighted by the mean of their tokens' weights.
  ///
  /// The last two select n·`mlmProbability` of n tokens, rounded up or down at random so that the mean is exact.
  /// Random tokens exclude special tokens; BERT and transformers draw from the whole vocabulary.
  ///
  /// ```swift
  /// let masking = try Masking(tokenizer, smoothing: 0.7, counts: store.counts(vocabulary: tokenizer.count))
  /// let (input, targets) = masking(store[8], key: (seed: 42, step: 100, example: 8))
  /// ```
  /// - Parameters:
  ///   - keepProb: the probability that a selected token is kept; the three must sum to 1.
  ///   - smoothing: the exponent, 0.7 in DistilBERT; nil for equal weights.
  ///   - counts: how often each id occurs in the corpus; used with `smoothing` only.
  /// - Throws: `MaskingFault`.
  package init(
    _ tokenizer: any Tokenizer, mlmProbability: Double = 0.15, maskReplaceProb: Double = 0.8,
    randomReplaceProb: Double = 0.1, keepProb: Double = 0.1, wholeWordMask: Bool = false, smoothing: Double? = nil,
    counts: [Int] = []
  ) throws {
    guard let maskID = tokenizer.mask else { throw MaskingFault.noMask }
    guard mlmProbability > 0, mlmProbability <= 1 else { throw MaskingFault.mlmProbability(mlmProbability) }
    guard maskReplaceProb >= 0, randomReplaceProb >= 0, keepProb >= 0,
      abs(maskReplaceProb + randomReplaceProb + keepProb - 1) < 1e-6
    else {
      throw MaskingFault.replaceProbabilities(mask: maskReplaceProb, random: randomReplaceProb, keep: keepProb)
    }
    self.maskID = maskID
    (self.mlmProbability, self.wholeWordMask) = (mlmProbability, wholeWordMask)
    (self.maskReplaceProb, self.randomReplaceProb) = (maskReplaceProb, randomReplaceProb)
    var isSpecial = [Bool](repeating: false, count: tokenizer.count)
    for id in tokenizer.specialTokenIDs { isSpecial[Int(id)] = true }
    self.isSpecial = isSpecial
    isContinuation = tokenizer.isContinuation
    replacements = isSpecial.indices.filter { !isSpecial[$0] }.map(Int32.init)
    weights = smoothing.map { exponent in
      precondition(counts.count >= isSpecial.count, "Masking: \(counts.count) counts for \(isSpecial.count) ids")
      return counts.map { pow(Double(max($0, 1)), -exponent) }
    }
  }

  /// The model's input, and its targets: the original id of each selected token, -1 elsewhere.
  package func callAsFunction(
    _ ids: [Int32], key: (seed: UInt64, step: Int, example: Int)
  ) -> (input: [Int32], targets: [Int32]) {
    var generator = makeGenerator(key)
    var input = ids
    var targets = [Int32](repeating: -1, count: ids.count)
    for index in selectedIndices(ids, &generator) {
      targets[index] = ids[index]
      let draw = generator.uniform()
      if draw < maskReplaceProb {
        input[index] = maskID
      } else if draw < maskReplaceProb + randomReplaceProb, !replacements.isEmpty {
        input[index] = replacements[generator.below(replacements.count)]
      }
    }
    return (input, targets)
  }

  private func selectedIndices(_ ids: [Int32], _ generator: inout SplitMix64) -> [Int] {
    let candidates = ids.indices.filter { !isSpecial[Int(ids[$0])] }
    if candidates.isEmpty { return [] }
    if !wholeWordMask && weights == nil {
      let selected = candidates.filter { _ in generator.uniform() < mlmProbability }
      return selected.isEmpty ? [candidates[generator.below(candidates.count)]] : selected
    }
    let budget = max(1, Int(Double(candidates.count) * mlmProbability + generator.uniform()))
    var selected: [Int] = []
    let units = wholeWordMask ? words(ids, candidates) : candidates.map { $0..<$0 + 1 }
    let shuffled = weightedShuffle(units, ids, &generator)
    for unit in shuffled where selected.count + unit.count <= budget {
      selected += unit
      if selected.count == budget { break }
    }
    return selected.isEmpty ? Array(shuffled[0]) : selected
  }

  private func words(_ ids: [Int32], _ candidates: [Int]) -> [Range<Int>] {
    var words: [Range<Int>] = []
    for index in candidates {
      if isContinuation[Int(ids[index])], let last = words.last, last.upperBound == index {
        words[words.count - 1] = last.lowerBound..<index + 1
      } else {
        words.append(index..<index + 1)
      }
    }
    return words
  }

  /// The units in the order of weighted sampling without replacement: sorted by -log(u) / weight (Efraimidis & Spirakis
  /// 2006), which has the distribution of `torch.multinomial`.
  private func weightedShuffle(
    _ units: [Range<Int>], _ ids: [Int32], _ generator: inout SplitMix64
  ) -> [Range<Int>] {
    let keyed = units.map { unit in
      var weight = 1.0
      if let weights { weight = unit.reduce(0) { $0 + weights[Int(ids[$1])] } / Double(unit.count) }
      return (key: -log(1 - generator.uniform()) / weight, unit: unit)
    }
    return keyed.sorted { ($0.key, $0.unit.lowerBound) < ($1.key, $1.unit.lowerBound) }.map(\.unit)
  }
}

/// An independent generator for every key: each part is mixed in by one SplitMix64 step.
private func makeGenerator(_ key: (seed: UInt64, step: Int, example: Int)) -> SplitMix64 {
  var state = key.seed
  for part in [key.step, key.example] {
    var mixer = SplitMix64(seed: state)
    state = mixer.next() ^ UInt64(bitPattern: Int64(part))
  }
  var mixer = SplitMix64(seed: state)
  return SplitMix64(seed: mixer.next())
}

extension SplitMix64 {
  /// Uniform in `0..<count`.
  fileprivate mutating func below(_ count: Int) -> Int { Int(uniform() * Double(count)) }
}
