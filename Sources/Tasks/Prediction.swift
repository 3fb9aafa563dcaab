/// What a model predicts for one record. Does not contain the record's text, except the text of entities and answers.
package import Files

package enum Prediction: Sendable, Equatable {
  /// A tag for each word that was given, with its probability, and the entities, whose offsets count words.
  case tags([ScoredLabel], [Entity])
  /// Entities in the record's text.
  case entities([Entity])
  /// The predicted label, and the probability of every label.
  case label(String, probabilities: [ScoredLabel])
  /// The labels that apply, and the probability of every label.
  case labels([String], probabilities: [ScoredLabel])
  /// A number.
  case value(Double)
  /// An answer to a question.
  case answer(AnswerPrediction)
  /// The answers to a question of BioASQ, the most probable first.
  case answers([MergedAnswer])
  /// The vector of each of the record's texts.
  case vectors([[Float]])
}

/// A label and its probability.
package struct ScoredLabel: Sendable, Equatable {
  package let label: String
  package let probability: Double

  package init(_ label: String, _ probability: Double) {
    self.label = label
    self.probability = probability
  }
}

/// An entity found in a text.
package struct Entity: Sendable, Equatable {
  package let label: String
  /// Unicode code points of the original text, as Python counts characters; words if the input was words.
  package let start, end: Int
  package let text: String
  /// Mean probability of its words' tags.
  package let probability: Double

  package init(label: String, start: Int, end: Int, text: String, probability: Double) {
    self.label = label
    self.start = start
    self.end = end
    self.text = text
    self.probability = probability
  }
}

extension Prediction {
  /// The prediction in the output of `tune predict`, by key.
  package var members: [String: JSON] {
    switch self {
    case .tags(let tags, let entities):
      [
        "tags": .array(tags.map { ["label": .string($0.label), "probability": rounded($0.probability)] }),
        "entities": .array(entities.map(\.json)),
      ]
    case .entities(let entities): ["entities": .array(entities.map(\.json))]
    case .label(let label, _): ["labels": ["label": .string(label), "probabilities": scores]]
    case .labels(let labels, _): ["labels": ["labels": .array(labels.map(JSON.string)), "probabilities": scores]]
    case .value(let value): ["value": rounded(value)]
    case .vectors(let vectors) where vectors.count == 1: ["embedding": vectors[0].json]
    case .vectors(let vectors):
      ["embedding": .array(vectors.map(\.json)), "similarity": similarity.map(rounded) ?? .null]
    case .answer(let answer):
      [
        "answer": answer.answer?.json ?? ["text": ""], "n_best": .array(answer.candidates.map(\.json)),
        "null_score_diff": answer.nullScoreDifference.map(rounded) ?? .null,
      ]
    case .answers(let answers):
      ["answers": .array(answers.map { .object($0.span.merging(["text": .string($0.text)]) { $1 }) })]
    }
  }

  /// The same without labels and entities whose probability is below `minScore`. One label that is not certain enough is null,
  /// with "abstained"; a number has no probability.
  package func members(minScore: Double) -> [String: JSON] {
    func isCertain(_ entity: Entity) -> Bool { entity.probability >= minScore }
    switch self {
    case .label(_, let probabilities) where !probabilities.contains(where: { $0.probability >= minScore }):
      return ["labels": ["label": .null, "abstained": true, "probabilities": scores]]
    case .labels(let labels, let probabilities):
      let certain = Set(probabilities.filter { $0.probability >= minScore }.map(\.label))
      return Prediction.labels(labels.filter(certain.contains), probabilities: probabilities).members
    case .entities(let entities): return Prediction.entities(entities.filter(isCertain)).members
    case .tags(let tags, let entities): return Prediction.tags(tags, entities.filter(isCertain)).members
    default: return members
    }
  }

  /// The predicted labels alone, as in a run's predictions.
  var predicted: JSON {
    switch self {
    case .tags(let tags, _): .array(tags.map { .string($0.label) })
    case .entities(let entities): .array(entities.map(\.json))
    case .label(let label, _): .string(label)
    case .labels(let labels, _): .array(labels.map(JSON.string))
    case .value(let value): rounded(value)
    case .vectors: similarity.map(rounded) ?? .null
    case .answer(let answer): answer.answer.flatMap { $0.text.isEmpty ? nil : .object($0.span) } ?? .null
    case .answers(let answers): .array(answers.map { .object($0.span) })
    }
  }

  /// The probabilities: of each tag, of each entity, of each label, or of each candidate for an answer.
  var scores: JSON {
    switch self {
    case .tags(let tags, _): .array(tags.map { rounded($0.probability) })
    case .entities(let entities): .array(entities.map { rounded($0.probability) })
    case .value, .vectors, .answers: .null
    case .answer(let answer): .array(answer.candidates.map { .object($0.span) })
    case .label(_, let probabilities), .labels(_, let probabilities):
      .object(.init(probabilities.map { ($0.label, rounded($0.probability)) }) { first, _ in first })
    }
  }
}

extension Prediction {
  /// How similar the first two texts are: the cosine of the angle between their vectors, 0 where one is zero; nil: there is one
  /// text.
  var similarity: Double? {
    if case .value(let value) = self { return value }
    guard case .vectors(let vectors) = self, vectors.count > 1 else { return nil }
    func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let (a, b) = (vectors[0], vectors[1]), length = (dot(a, a) * dot(b, b)).squareRoot()
    return length > 0 ? dot(a, b) / length : 0
  }
}

extension Prediction {
  /// The answers to a question of BioASQ.
  package var mergedAnswers: [MergedAnswer] { if case .answers(let answers) = self { answers } else { [] } }
}

extension [Float] {
  /// With as many digits as the numbers need.
  fileprivate var json: JSON { .array(map { .double(Double($0.description) ?? 0) }) }
}

extension Entity {
  fileprivate var json: JSON {
    [
      "label": .string(label), "start": .int(start), "end": .int(end), "text": .string(text),
      "probability": rounded(probability),
    ]
  }
}

extension MergedAnswer {
  /// Without the text.
  fileprivate var span: [String: JSON] {
    ["snippet": .int(snippet), "start": .int(start), "end": .int(end), "probability": rounded(probability)]
  }
}

extension AnswerCandidate {
  /// Without the text.
  fileprivate var span: [String: JSON] {
    [
      "start": .int(start), "end": .int(end), "probability": rounded(probability),
      "start_logit": rounded(Double(startLogit)), "end_logit": rounded(Double(endLogit)),
    ]
  }

  fileprivate var json: JSON { .object(span.merging(["text": .string(text)]) { $1 }) }
}

/// Six decimal places.
private func rounded(_ probability: Double) -> JSON { .double((probability * 1e6).rounded() / 1e6) }
