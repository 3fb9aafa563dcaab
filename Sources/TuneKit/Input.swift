/// What a model reads.
import Datasets
import Files
import Serving

/// An input of a prediction. A string literal is a text.
public enum Input: Sendable, ExpressibleByStringLiteral {
  /// One text.
  case text(String)
  /// Two texts, for tasks of pairs.
  case pair(String, String)
  /// For token classifiers: words as in the training data.
  case words([String])
  /// A question about a text, for question answering.
  case question(String, context: String)
  /// The columns of the run's data, such as those with the spans of two entities.
  case columns([String: String])

  /// A text.
  public init(stringLiteral text: String) { self = .text(text) }

  /// - Parameter number: from 1, for messages.
  func record(_ number: Int, _ columns: InputColumns) throws -> Record {
    let id = "\(number)", source = Record.SourceLocation(file: "input", line: number, record: number)
    let members: [String: JSON] =
      switch self {
      case .text(let text): ["text": .string(text)]
      case .pair(let first, let second): ["text": .string(first), "text_pair": .string(second)]
      case .words(let words): ["words": .array(words.map(JSON.string))]
      case .question(let question, let context): ["question": .string(question), "context": .string(context)]
      case .columns(let columns): columns.mapValues(JSON.string)
      }
    return try columns.record(of: members, id: id, source: source)
  }
}
