/// What a model predicts.
import Files
import Tasks

/// The prediction for one input. Which members are not empty depends on the adapter's task.
public struct Prediction: Sendable, Equatable {
  private let prediction: Tasks.Prediction

  init(_ prediction: Tasks.Prediction) { self.prediction = prediction }

  /// Token classification: the entities, in the order of the text.
  public var entities: [Entity] {
    switch prediction {
    case .entities(let entities), .tags(_, let entities): entities.map(Entity.init)
    default: []
    }
  }

  /// Token classification of words: a tag for each.
  public var tags: [String] { if case .tags(let tags, _) = prediction { tags.map(\.label) } else { [] } }

  /// Classification and relation extraction: the most probable label.
  public var label: String? { if case .label(let label, _) = prediction { label } else { nil } }

  /// Classification: the labels that apply; one, or any number with several labels per text.
  public var labels: [String] {
    switch prediction {
    case .label(let label, _): [label]
    case .labels(let labels, _): labels
    default: []
    }
  }

  /// Classification: the probability of every label.
  public var probabilities: [String: Double] {
    switch prediction {
    case .label(_, let scores), .labels(_, let scores):
      Dictionary(scores.map { ($0.label, $0.probability) }) { first, _ in first }
    default: [:]
    }
  }

  /// Regression: the number.
  public var value: Double? { if case .value(let value) = prediction { value } else { nil } }

  /// Question answering: the best answer, "" if the context has none.
  public var answer: String? {
    switch prediction {
    case .answer(let answer): answer.text
    case .answers(let answers): answers.first?.text ?? ""
    default: nil
    }
  }

  /// Embedding: a vector for each text of the input.
  public var vectors: [[Float]] { if case .vectors(let vectors) = prediction { vectors } else { [] } }

  /// The members that `tune predict` prints for it, as JSON.
  public var json: String { JSON.object(prediction.members).text(pretty: false) }
}

/// An entity that was found in a text.
public struct Entity: Sendable, Equatable {
  /// Its type, such as "Disease".
  public let label: String
  /// Where it begins and ends in the text, in Unicode code points (`String.unicodeScalars`); in words, if the input was words.
  public let start, end: Int
  /// The part of the text.
  public let text: String
  /// The mean probability of its words' tags.
  public let probability: Double

  init(_ entity: Tasks.Entity) {
    (label, start, end) = (entity.label, entity.start, entity.end)
    (text, probability) = (entity.text, entity.probability)
  }
}
