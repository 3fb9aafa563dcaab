/// Predictions with their gold labels, from which the metrics of any resample are computed.
import Files

package protocol ScoredExamples: Sendable {
  associatedtype Score: MetricSource
  var count: Int { get }
  /// The score in which example i counts `weights[i]` times.
  func score(weights: [Int]) -> Score
}

extension ScoredExamples {
  /// The score of all examples.
  package var score: Score { score(weights: [Int](repeating: 1, count: count)) }

  /// The values of the metrics, and the JSON of an evaluation.
  var evaluation: (values: [String: Double], json: JSON) {
    let score = score
    return (score.values, score.json)
  }

  /// The values of the metrics by name, NaN where they are not defined.
  func values(weights: [Int]) -> [String: Double] { score(weights: weights).definedValues }

  /// The scores of single labels or entity types.
  func byLabel(weights: [Int]) -> [String: TypeScore] { score(weights: weights).byLabel }
}

/// The scored examples of a file.
package struct ScoredSplit: Sendable {
  let examples: any ScoredExamples
  /// The examples of each unit that is drawn: of a document, or one.
  let units: [[Int]]
  /// The unit of each example.
  private let unitOfExample: [Int]
  package let isByDocument: Bool

  /// - Parameter documents: of each example; nil where one has none, so that every example is drawn by itself.
  package init(_ examples: any ScoredExamples, documents: [String?]) {
    precondition(documents.count == examples.count, "\(documents.count) documents of \(examples.count) examples")
    self.examples = examples
    isByDocument = !documents.isEmpty && !documents.contains(nil)
    guard isByDocument else {
      (units, unitOfExample) = (documents.indices.map { [$0] }, Array(documents.indices))
      return
    }
    var numbers: [String: Int] = [:], units: [[Int]] = []
    unitOfExample = documents.enumerated().map { example, document in
      let number = numbers[document ?? "", default: units.count]
      if number == units.count {
        numbers[document ?? ""] = number
        units.append([])
      }
      units[number].append(example)
      return number
    }
    self.units = units
  }

  /// Other examples of the same records, in the same units.
  func with(_ examples: any ScoredExamples) -> ScoredSplit {
    precondition(examples.count == self.examples.count, "\(examples.count) of \(self.examples.count) examples")
    return ScoredSplit(examples, units, unitOfExample, isByDocument: isByDocument)
  }

  private init(_ examples: any ScoredExamples, _ units: [[Int]], _ unitOfExample: [Int], isByDocument: Bool) {
    (self.examples, self.units, self.unitOfExample, self.isByDocument) = (examples, units, unitOfExample, isByDocument)
  }

  /// The values of the metrics over some examples, by name; NaN where they are not defined.
  package func values(of examples: [Int]) -> [String: Double] {
    var weights = [Int](repeating: 0, count: self.examples.count)
    for example in examples { weights[example] = 1 }
    return self.examples.values(weights: weights)
  }

  /// The scores of single labels or entity types; empty: there are none.
  package var byLabel: [String: TypeScore] { examples.byLabel(weights: [Int](repeating: 1, count: examples.count)) }

  /// From 1; nil where examples have no documents.
  func documentNumber(of example: Int) -> Int? {
    isByDocument ? unitOfExample[example] + 1 : nil
  }
}
