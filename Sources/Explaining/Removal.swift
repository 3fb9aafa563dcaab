/// What words are worth by leaving them out: leave-one-out, and the faithfulness of an explanation.
import Autograd
import Hashing
import Tasks

/// The sequences of a record that an output has terms in, and the words that their tokens belong to.
struct ExplainedSequences {
  let features: [ExplainedFeature]
  /// Of each feature, the word of each token.
  let tokens: [[Int?]]
  /// How many words the record has.
  let words: Int
  /// The token in place of one that is left out.
  let mask: Int32

  /// Of each word, f less f without it.
  func leaveOneOut(_ workspace: Workspace) -> (scores: [Double], value: Double) {
    var scores = [Double](repeating: 0, count: words), value = 0.0
    for (feature, tokens) in zip(features, tokens) {
      let own = Set(tokens.compactMap { $0 }).sorted()
      let variants = [feature.features.ids] + own.map { masked(feature, tokens) { [word = $0] in $0 == word } }
      let values = feature.forEach(variants, workspace, feature.values)
      value += values[0]
      for (word, without) in zip(own, values.dropFirst()) { scores[word] += values[0] - without }
    }
    return (scores, value)
  }

  /// The feature's tokens without those of some words.
  private func masked(_ feature: ExplainedFeature, _ tokens: [Int?], _ isLeftOut: (Int) -> Bool) -> [Int32] {
    zip(feature.features.ids, tokens).map { id, word in word.map(isLeftOut) == true ? mask : id }
  }

  /// The probability of the output without some words, for each of `sets`.
  private func probabilities(without sets: [Set<Int>], _ workspace: Workspace) -> [Double] {
    let weights = features.map { $0.terms.reduce(0) { $0 + $1.weight } }, sum = weights.reduce(0, +)
    var means = [Double](repeating: 0, count: sets.count)
    for (index, feature) in features.enumerated() {
      let variants = sets.map { set in masked(feature, tokens[index], set.contains) }
      for (number, p) in feature.forEach(variants, workspace, feature.probabilities).enumerated() {
        means[number] += p * weights[index] / sum
      }
    }
    return means
  }
}

/// Whether the words with the largest scores are those that the output depends on (DeYoung et al. 2020).
package struct Faithfulness: Sendable, Equatable {
  /// The mean over the cuts of p(x) - p(x without the first words): larger is better.
  package let comprehensiveness: Double
  /// The mean over the cuts of p(x) - p(the first words only): smaller is better.
  package let sufficiency: Double

  /// The shares of the words that are cut; at least one word. Cuts of as many words count once.
  package static let cuts = [0.01, 0.05, 0.1, 0.2, 0.5]
  /// Random orders of the words, of which the mean is compared.
  package static let randomOrders = 10
}

extension ExplainedSequences {
  /// The faithfulness of the order of `scores`, and the mean of random orders.
  func faithfulness(of scores: [Double], _ workspace: Workspace) -> (own: Faithfulness, random: Faithfulness)? {
    let present = Set(tokens.joined().compactMap { $0 }).sorted()
    if present.isEmpty { return nil }
    let counts = Set(Faithfulness.cuts.map { max(1, Int(($0 * Double(present.count)).rounded(.up))) }).sorted()
    var generator = SplitMix64(seed: 1)
    let own = present.sorted { (scores[$1], $0) < (scores[$0], $1) }
    let orders = [own] + (0..<Faithfulness.randomOrders).map { _ in present.shuffled(using: &generator) }
    let sets = orders.flatMap { order in
      counts.flatMap { [Set(order[..<$0]), Set(order[$0...])] }
    }
    let p = probabilities(without: [[]] + sets, workspace), whole = p[0], n = Double(counts.count)
    let all = orders.indices.map { order in
      let first = 1 + order * counts.count * 2, own = stride(from: first, to: first + counts.count * 2, by: 2)
      return Faithfulness(
        comprehensiveness: own.reduce(0) { $0 + whole - p[$1] } / n,
        sufficiency: own.reduce(0) { $0 + whole - p[$1 + 1] } / n)
    }
    let random = all.dropFirst(), count = Double(random.count)
    return (
      all[0],
      Faithfulness(
        comprehensiveness: random.reduce(0) { $0 + $1.comprehensiveness } / count,
        sufficiency: random.reduce(0) { $0 + $1.sufficiency } / count)
    )
  }
}
