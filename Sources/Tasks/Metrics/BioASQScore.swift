/// Scores of the exact answers to BioASQ's factoid and list questions, as its official evaluation program has them.
package import Datasets
package import Files

/// The rules are those of `EvaluatorTask1b -phaseB -e 9`:
/// - Answers are equal if they are in lower case, code point by code point: blanks and punctuation count.
/// - A factoid question: strict accuracy is whether the first answer is a synonym of a right one, lenient accuracy whether
///   any is, however many there are; the reciprocal rank is that of the first right answer.
/// - A list question: each answer in turn uses up the first of the remaining right answers that it is a synonym of, so
///   that their order matters, and a repeated answer is wrong. An answer that remains right but unused is missed unless
///   an answer is a synonym of it, which that uses up. F1 is the mean of the questions' F1.
/// - Without answers a question's scores are 0. A question whose right answers are not known does not count.
///
/// Of each answer the program reads the first string alone; there is no other here.
package struct BioASQScore: Sendable, Equatable {
  /// nil: no question is of the kind.
  package let factoid, list: Part?

  /// The means over the questions of one kind.
  package struct Part: Sendable, Equatable {
    fileprivate let means: [Double]
    package let support: Int

    /// - Parameter metric: its place in the kind's table.
    fileprivate func mean(_ metric: Int) -> Double? { support == 0 ? nil : means[metric] }
  }

  /// The members of `values`, and the number of questions of each kind.
  package var json: JSON {
    var members = values.mapValues(JSON.double)
    members["support"] = .int((factoid?.support ?? 0) + (list?.support ?? 0))
    members["factoid_questions"] = factoid.map { .int($0.support) }
    members["list_questions"] = list.map { .int($0.support) }
    return .object(members)
  }
}

extension BioASQScore: MetricSource {
  package static let table: [ScoreMetric<BioASQScore>] = ExactAnswer.Kind.allCases.flatMap(table)

  /// The metrics of one kind of questions.
  static func table(of kind: ExactAnswer.Kind) -> [ScoreMetric<BioASQScore>] {
    switch kind {
    case .factoid:
      ["mrr", "strict_accuracy", "lenient_accuracy"].enumerated().map { index, name in
        ScoreMetric(name, isHeadline: true) { $0.factoid?.mean(index) }
      }
    case .list:
      ["list_f1", "list_precision", "list_recall"].enumerated().map { index, name in
        ScoreMetric(name, isHeadline: true) { $0.list?.mean(index) }
      }
    }
  }

  package var inapplicable: Set<String> {
    let absent = (factoid == nil ? Self.table(of: .factoid) : []) + (list == nil ? Self.table(of: .list) : [])
    return Set(absent.map(\.metric.name))
  }
}

/// Right and given answers, each question with its scores.
package struct BioASQExamples: ScoredExamples {
  private let questionTypes: [ExactAnswer.Kind]
  /// Of each question, in the order of its kind's table; nil: the right answers are not known.
  private let scores: [[Double]?]

  package var count: Int { questionTypes.count }

  /// - Parameter given: the answers in their order.
  package init(_ questions: [(gold: ExactAnswer, given: [String])]) {
    questionTypes = questions.map(\.gold.kind)
    scores = questions.map { question in
      guard let gold = question.gold.answers?.map({ $0.map(key) }) else { return nil }
      let given = question.given.map(key)
      return question.gold.kind == .factoid ? factoidScores(gold, given) : listScores(gold, given)
    }
  }

  /// Questions whose scores are saved.
  init(saved rows: [JSON]) {
    questionTypes = rows.map { $0["type"]?.string.flatMap(ExactAnswer.Kind.init) ?? .factoid }
    scores = zip(questionTypes, rows).map { kind, row in
      let values = BioASQScore.table(of: kind).compactMap { row[$0.metric.name]?.number }
      return values.isEmpty ? nil : values
    }
  }

  package func score(weights: [Int]) -> BioASQScore {
    BioASQScore(factoid: part(.factoid, weights), list: part(.list, weights))
  }

  private func part(_ kind: ExactAnswer.Kind, _ weights: [Int]) -> BioASQScore.Part? {
    if !questionTypes.contains(kind) { return nil }
    var sums = [0.0, 0, 0], support = 0
    for index in questionTypes.indices where questionTypes[index] == kind {
      guard let scores = scores[index] else { continue }
      support += weights[index]
      for column in sums.indices { sums[column] += Double(weights[index]) * scores[column] }
    }
    return BioASQScore.Part(means: sums.map { $0 / Double(max(support, 1)) }, support: support)
  }
}

/// What is compared of an answer.
private func key(_ answer: String) -> [Unicode.Scalar] { lowercase(Array(answer.unicodeScalars)) }

private func factoidScores(_ gold: [[[Unicode.Scalar]]], _ given: [[Unicode.Scalar]]) -> [Double] {
  guard let rank = given.firstIndex(where: { answer in gold.contains { $0.contains(answer) } }) else {
    return [0, 0, 0]
  }
  return [1 / Double(rank + 1), rank == 0 ? 1 : 0, 1]
}

private func listScores(_ gold: [[[Unicode.Scalar]]], _ given: [[Unicode.Scalar]]) -> [Double] {
  if given.isEmpty { return [0, 0, 0] }
  var unused = gold, right = 0.0, missed = 0.0, left = given
  for answer in given {
    guard let index = unused.firstIndex(where: { $0.contains(answer) }) else { continue }
    unused.remove(at: index)
    right += 1
  }
  for synonyms in unused {
    if let index = left.firstIndex(where: synonyms.contains) { left.remove(at: index) } else { missed += 1 }
  }
  let precision = right / Double(given.count), recall = right + missed == 0 ? 0 : right / (right + missed)
  return [right == 0 ? 0 : 2 * precision * recall / (precision + recall), precision, recall]
}
