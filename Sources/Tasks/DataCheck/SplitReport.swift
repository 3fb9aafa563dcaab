/// What a check found in one split.
import Datasets
import Files

package struct SplitReport: Sendable {
  package let split: Split
  package let files: [String]
  package let count: Int
  /// Entities by type, or examples by label.
  package let labels: [String: Int]
  /// The distribution of the numbers that examples are labeled with; nil: labels are no numbers.
  package let values: Distribution?
  /// Examples without a token, and such that repeat an earlier one, or do so with another label.
  package let empty, repeated, conflicting: FoundExamples
  package let illegalTags: IllegalTags?
  /// Tokens per example, without special tokens.
  package let lengths: Distribution
  /// Sequences that the model reads, and examples of which tokens are cut off.
  package let sequences, cut: Int?
  /// Words between white space, or those of the file; tokens; and tokens that are the unknown one.
  package let words, tokens, unknownTokens: Int
  /// From the training data; nil: these are they, or there are no labels.
  package let drift: Drift?

  init(_ scan: SplitScan, _ repeats: RepeatedExamples, _ index: Int, drift: Drift?) {
    (split, files, count, labels) = (scan.split, scan.paths, scan.count, scan.labels)
    values = scan.values.isEmpty ? nil : Distribution(scan.values)
    var empty = FoundExamples()
    for (index, length) in scan.lengths.enumerated() where length == 0 { empty.add(scan.place(index)) }
    self.empty = empty
    (repeated, conflicting) = repeats.within(index, scan)
    illegalTags = scan.illegalTags
    lengths = Distribution(scan.lengths.map(Double.init))
    (sequences, cut) = (scan.sequences?.count, scan.sequences?.cut)
    (words, unknownTokens, self.drift) = (scan.words, scan.unknownTokens, drift)
    tokens = scan.lengths.reduce(0) { $0 + Int($1) }
  }

  package var tokensPerWord: Double { Double(tokens) / Double(max(words, 1)) }
  package var unknownFraction: Double { Double(unknownTokens) / Double(max(tokens, 1)) }
}

/// Numbers in a few: percentiles are those of the nearest rank.
package struct Distribution: Sendable, Equatable {
  package let minimum, median, mean, percentile95, maximum: Double

  /// All are 0 without numbers.
  init(_ values: [Double]) {
    let sorted = values.sorted()
    func percentile(_ fraction: Double) -> Double {
      sorted.isEmpty ? 0 : sorted[max(0, Int((fraction * Double(sorted.count)).rounded(.up)) - 1)]
    }
    (minimum, maximum) = (sorted.first ?? 0, sorted.last ?? 0)
    (median, percentile95) = (percentile(0.5), percentile(0.95))
    mean = sorted.reduce(0, +) / Double(max(sorted.count, 1))
  }

  var json: JSON {
    [
      "min": .double(minimum), "median": .double(median), "mean": .double(mean), "p95": .double(percentile95),
      "max": .double(maximum),
    ]
  }
}

extension SplitReport {
  var problems: [String] {
    var found: [String] = []
    if let tags = illegalTags, let first = tags.found.examples.first,
      let transition = tags.transitions.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })
    {
      found.append(
        "\(tags.found.count) illegal tag \(tags.found.count == 1 ? "transition" : "transitions") in "
          + "\(tags.scheme.rawValue.uppercased()), most often \(transition.key), such as \(first.place): they are read as "
          + "conlleval reads them; correct the tags, or set data.scheme")
    }
    if let first = conflicting.examples.first {
      found.append(
        "\(conflicting.count) \(conflicting.count == 1 ? "example repeats" : "examples repeat") the text of an earlier "
          + "one with another label, such as \(first.description): remove one of each two")
    }
    if let first = empty.examples.first {
      found.append(
        "\(empty.count) \(empty.count == 1 ? "example has" : "examples have") no token, such as \(first.description): "
          + "remove them")
    }
    return found.map { "\(split.rawValue): \($0)" }
  }

  func notes(_ noun: String) -> [String] {
    var found: [String] = []
    if let first = repeated.examples.first {
      found.append(
        "\(repeated.count) of \(count) \(noun) \(repeated.count == 1 ? "repeats" : "repeat") an earlier one, such as "
          + first.description)
    }
    if let cut, cut > 0 {
      let verb = cut == 1 ? "is" : "are"
      found.append("\(cut) of \(count) \(noun) \(verb) longer than the window and \(verb) cut")
    }
    if let sequences, sequences > count {
      found.append("\(count) \(noun) are read in \(sequences) windows")
    }
    if unknownFraction > 0.01 {
      found.append("more than 1 % of the tokens are unknown to the vocabulary: is the text in the model's language?")
    }
    if drift?.isLarge == true { found.append("the labels are distributed otherwise than in train") }
    return found.map { "\(split.rawValue): \($0)" }
  }

  var json: JSON {
    var members: [String: JSON] = [
      "files": .array(files.map(JSON.string)), "count": .int(count), "labels": .object(labels.mapValues(JSON.int)),
      "empty": empty.json, "repeated": repeated.json, "conflicting": conflicting.json, "tokens": lengths.json,
      "words": .int(words), "token_count": .int(tokens), "tokens_per_word": .double(tokensPerWord),
      "unknown_tokens": .int(unknownTokens), "unknown_fraction": .double(unknownFraction),
    ]
    members["values"] = values?.json
    members["illegal_tags"] = illegalTags?.json
    members["sequences"] = sequences.map(JSON.int)
    members["cut"] = cut.map(JSON.int)
    members["drift"] = drift?.json
    return .object(members)
  }
}
