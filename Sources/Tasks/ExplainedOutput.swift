/// What of a prediction is explained: a weighted sum of a record's logits.
package import Datasets

/// A task whose predictions are sums of logits, which explanations divide among the words.
package protocol ExplainableInference: RecordInference {
  /// The words that the tokens of `encode`'s features belong to.
  func wordMap(_ record: Record, _ tokenizer: TextTokenizer) -> WordMap
  /// What is explained of a prediction: each label that applies, the number, each entity, or the answer.
  /// - Parameters:
  ///   - logits: one for each feature, of its `predictionRows`.
  ///   - label: this label in place of the predicted ones.
  func explainedOutputs(
    _ record: Record, _ encoded: EncodedRecord, _ logits: [Logits], _ prediction: Prediction, label: Int?
  ) -> [ExplainedOutput]
}

package struct ExplainedOutput: Sendable {
  /// What it is in the prediction.
  package enum Part: Sendable {
    case label(String)
    case value
    /// A predicted entity; offsets as in `Entity`.
    case entity(Entity)
    /// The answer, in code points of the text of this index; nil: that there is none.
    case answer(text: Int, Range<Int>?)
  }

  /// One logit.
  package struct Term: Sendable {
    /// Index of the feature, and the row among its prediction's rows.
    package let feature, row: Int
    /// The output, counted from 0.
    package let output: Int
    package let weight: Double

    package init(feature: Int, row: Int, output: Int, weight: Double) {
      (self.feature, self.row, self.output, self.weight) = (feature, row, output, weight)
    }
  }

  /// What makes a probability of a logit.
  package enum Activation: Sendable {
    /// Over the outputs of its row.
    case softmax
    case sigmoid
    /// Over the rows of its output.
    case softmaxOverRows
    /// The logit is a number in itself.
    case none
  }

  package let part: Part
  package let terms: [Term]
  package let activation: Activation

  package init(_ part: Part, terms: [Term], activation: Activation) {
    (self.part, self.terms, self.activation) = (part, terms, activation)
  }
}

extension TextInference {
  /// A label's logit, of a long text the mean over its windows.
  package func explainedOutputs(
    _ record: Record, _ encoded: EncodedRecord, _ logits: [Logits], _ prediction: Prediction, label: Int?
  ) -> [ExplainedOutput] {
    func parts(_ names: [String]) -> [(ExplainedOutput.Part, output: Int)] {
      names.compactMap { name in labels.firstIndex(of: name).map { (.label(name), $0) } }
    }
    let parts: [(ExplainedOutput.Part, output: Int)] =
      switch (label, prediction) {
      case (_, .value): [(.value, 0)]
      case (let label?, _): [(.label(labels[label]), label)]
      case (_, .label(let name, _)): parts([name])
      case (_, .labels(let names, _)): parts(names)
      default: []
      }
    let activation: ExplainedOutput.Activation =
      switch prediction {
      case .value: .none
      case .labels: .sigmoid
      default: .softmax
      }
    return parts.map { part, output in
      let terms = logits.indices.map {
        ExplainedOutput.Term(feature: $0, row: 0, output: output, weight: 1 / Double(logits.count))
      }
      return ExplainedOutput(part, terms: terms, activation: activation)
    }
  }
}

extension TokenClassification {
  /// Of each entity, the mean of the logits of its words' tags. With `label`, of all words' logits for that tag.
  package func explainedOutputs(
    _ record: Record, _ encoded: EncodedRecord, _ logits: [Logits], _ prediction: Prediction, label: Int?
  ) -> [ExplainedOutput] {
    let rows = logits.enumerated().flatMap { feature, logits in (0..<logits.rows).map { (feature, row: $0) } }
    let tags = decode(logits).map(\.label)
    func output(_ part: ExplainedOutput.Part, _ words: [Int], tag: (Int) -> Int) -> ExplainedOutput {
      let terms = words.map { word in
        ExplainedOutput.Term(
          feature: rows[word].0, row: rows[word].row, output: tag(word), weight: 1 / Double(words.count))
      }
      return ExplainedOutput(part, terms: terms, activation: .softmax)
    }
    if let label { return [output(.label(labels[label]), Array(rows.indices)) { _ in label }] }
    let entities: [Entity]
    switch prediction {
    case .tags(_, let found), .entities(let found): entities = found
    default: entities = []
    }
    return entities.map { entity in
      let span = entity.start..<entity.end
      let words = rows.indices.filter { word in
        encoded.words.isEmpty ? span.contains(word) : span.contains(encoded.words[word].lowerBound)
      }
      return output(.entity(entity), words) { tags[$0] }
    }
  }
}

extension ExtractiveQA {
  /// The sum of the start and the end logit of the answer in the window where it is largest, or of [CLS] in the window where
  /// it is smallest if there is no answer. Of several answers the first.
  package func explainedOutputs(
    _ record: Record, _ encoded: EncodedRecord, _ logits: [Logits], _ prediction: Prediction, label: Int?
  ) -> [ExplainedOutput] {
    func output(_ part: ExplainedOutput.Part, _ rows: (feature: Int, start: Int, end: Int)) -> ExplainedOutput {
      let terms = [rows.start, rows.end].enumerated().map {
        ExplainedOutput.Term(feature: rows.feature, row: $1, output: $0, weight: 1)
      }
      return ExplainedOutput(part, terms: terms, activation: .softmaxOverRows)
    }
    func score(_ feature: Int, _ start: Int, _ end: Int) -> Float {
      let logits = logits[feature]
      return logits.values[2 * start] + logits.values[2 * end + 1]
    }
    let (context, answer) = prediction.span
    guard let answer else {
      let least = logits.indices.min { score($0, 0, 0) < score($1, 0, 0) }
      return least.map { [output(.answer(text: 1, nil), ($0, 0, 0))] } ?? []
    }
    let spans = encoded.windows.enumerated().compactMap { feature, window -> (feature: Int, start: Int, end: Int)? in
      guard window.context == context,
        let start = window.tokens.first(where: { encoded.words[$0].lowerBound == answer.lowerBound }),
        let end = window.tokens.last(where: { encoded.words[$0].upperBound == answer.upperBound }), start <= end
      else { return nil }
      return (feature, window.row(of: start), window.row(of: end))
    }
    let best = spans.max { score($0.feature, $0.start, $0.end) < score($1.feature, $1.start, $1.end) }
    return best.map { [output(.answer(text: context + 1, answer), $0)] } ?? []
  }
}

extension Prediction {
  /// The first answer: its context and its code points there; nil: none.
  fileprivate var span: (context: Int, range: Range<Int>?) {
    switch self {
    case .answer(let answer):
      (0, answer.answer.flatMap { $0.text.isEmpty ? nil : $0.start..<$0.end })
    case .answers(let answers): answers.first.map { ($0.snippet, $0.start..<$0.end) } ?? (0, nil)
    default: (0, nil)
    }
  }
}
