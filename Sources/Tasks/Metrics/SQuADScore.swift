/// Exact match and F1 of answers as the official scripts of SQuAD 1.1 and 2.0 compute them, from 0 to 1.
package import Files

/// A prediction is scored against the right answer that is best for it. A question without answers has "" as its right
/// answer, where the script of SQuAD 1.1 fails. The scripts differ only if nothing is left of a text but articles and
/// punctuation: then F1 is 0 in 1.1; in 2.0 it is 1 if both are empty, and such right answers are ignored.
package struct SQuADScore: Sendable, Equatable {
  package let exactMatch, f1: Double
  /// Of the questions that have an answer, and of those that have none.
  package let hasAnswer, noAnswer: Part

  /// The means over some questions; 0 if there are none.
  package struct Part: Sendable, Equatable {
    package let exactMatch, f1: Double
    package let support: Int

    /// The means of the scores, each with a weight.
    fileprivate init(_ scores: some Sequence<(SQuADExamples.Example, Int)>) {
      support = scores.reduce(0) { $0 + $1.1 }
      let count = Double(max(support, 1))
      exactMatch = scores.reduce(0) { $0 + $1.0.exact * Double($1.1) } / count
      f1 = scores.reduce(0) { $0 + $1.0.f1 * Double($1.1) } / count
    }

    fileprivate var json: JSON {
      ["exact_match": .double(exactMatch), "f1": .double(f1), "support": .int(support)]
    }
  }

  fileprivate init(_ scores: [(SQuADExamples.Example, Int)]) {
    let all = Part(scores)
    (exactMatch, f1) = (all.exactMatch, all.f1)
    hasAnswer = Part(scores.filter { $0.0.hasAnswer })
    noAnswer = Part(scores.filter { !$0.0.hasAnswer })
  }

  /// The members of `values`, "support", and both parts if there are questions of both kinds.
  package var json: JSON {
    var members = values.mapValues(JSON.double)
    members["support"] = .int(hasAnswer.support + noAnswer.support)
    if hasAnswer.support > 0, noAnswer.support > 0 {
      (members["has_answer"], members["no_answer"]) = (hasAnswer.json, noAnswer.json)
    }
    return .object(members)
  }
}

extension SQuADScore: MetricSource {
  package static let table: [ScoreMetric<SQuADScore>] = [
    ScoreMetric("f1", isHeadline: true) { $0.f1 }, ScoreMetric("exact_match", isHeadline: true) { $0.exactMatch },
  ]
}

/// Right and predicted answers, each with its scores.
package struct SQuADExamples: ScoredExamples {
  typealias Example = (exact: Double, f1: Double, hasAnswer: Bool)
  private let examples: [Example]

  package var count: Int { examples.count }

  /// - Parameter version2: whether the rules are those of SQuAD 2.0.
  package init(_ answers: [(gold: [String], predicted: String)], version2: Bool) {
    examples = answers.map { answer in
      let gold = answer.gold.map(AnswerWords.init)
      let kept = version2 ? gold.filter { !$0.words.isEmpty } : gold, predicted = AnswerWords(answer.predicted)
      let pairs = (kept.isEmpty ? [AnswerWords("")] : kept).map { predicted.score(against: $0, version2: version2) }
      return (pairs.map(\.exact).max() ?? 0, pairs.map(\.f1).max() ?? 0, !gold.isEmpty)
    }
  }

  /// Questions whose scores are known.
  init(_ examples: [Example]) { self.examples = examples }

  package func score(weights: [Int]) -> SQuADScore { SQuADScore(Array(zip(examples, weights))) }
}

/// The words of an answer as the scripts normalize it: in lower case, without ASCII punctuation and articles.
struct AnswerWords {
  /// As code points, because equal strings may have others.
  let words: [[UInt32]]

  init(_ text: String) {
    let kept = lowercase(Array(text.unicodeScalars)).filter { !isASCIIPunctuation($0) }
    var words: [[UInt32]] = [], start = 0
    // An article is a word between other characters than letters, digits and _; it becomes a blank.
    let articles: [[Unicode.Scalar]] = [["a"], ["a", "n"], ["t", "h", "e"]]
    var blanked = kept
    while start < kept.count {
      guard isWord(kept[start]) else {
        start += 1
        continue
      }
      let end = kept[start...].firstIndex { !isWord($0) } ?? kept.count
      if articles.contains(where: { kept[start..<end].elementsEqual($0) }) {
        for index in start..<end { blanked[index] = " " }
      }
      start = end
    }
    words = blanked.split(whereSeparator: isSpace).map { $0.map(\.value) }
    self.words = words
  }

  func score(against gold: AnswerWords, version2: Bool) -> (exact: Double, f1: Double) {
    let exact = words == gold.words ? 1.0 : 0
    if words.isEmpty || gold.words.isEmpty { return (exact, version2 ? exact : 0) }
    var counts: [[UInt32]: Int] = [:], common = 0.0
    for word in gold.words { counts[word, default: 0] += 1 }
    for word in words where counts[word, default: 0] > 0 {
      counts[word, default: 0] -= 1
      common += 1
    }
    if common == 0 { return (exact, 0) }
    let precision = common / Double(words.count), recall = common / Double(gold.words.count)
    return (exact, (2 * precision * recall) / (precision + recall))
  }
}

private func isASCIIPunctuation(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
  default: false
  }
}

/// Python's \w.
private func isWord(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
  default: scalar == "_" || scalar.properties.numericType != nil
  }
}

/// Python's str.isspace.
private func isSpace(_ scalar: Unicode.Scalar) -> Bool {
  scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
}

/// Python's str.lower: by code point, except that a capital sigma at the end of a word becomes ς.
func lowercase(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
  text.indices.flatMap { index -> [Unicode.Scalar] in
    guard text[index] == "\u{3A3}" else { return Array(text[index].properties.lowercaseMapping.unicodeScalars) }
    let before = text[..<index].last { !$0.properties.isCaseIgnorable }
    let after = text[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
    return [isFinal ? "\u{3C2}" : "\u{3C3}"]
  }
}
