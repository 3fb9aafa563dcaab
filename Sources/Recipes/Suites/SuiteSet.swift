/// One data set of a suite: where it is looked for, and the rules by which it is trained and scored. Reads nothing.
import Files

package struct SuiteSet: Sendable {
  /// What the files have.
  enum Content: Sendable {
    /// Words with tags in IOB2. Several entity types become `type` where they are merged, and are a fault elsewhere.
    case entities(type: String, merged: Bool = false)
    /// Words of which each has a type or none.
    case words(types: [String])
    /// Sentences whose two entities are replaced by their types (`@GENE$`), and the relation of these. The first label is that
    /// of no relation.
    case relations(labels: [String])
    /// Pairs of texts with a number.
    case similarity
    /// Documents to which any of the labels apply, often divided into sentences.
    case documents(labels: [String])
    /// Pairs of texts with a label.
    case pairs(labels: [String])
    /// Questions with an abstract, and the answer.
    case pubMedQA
  }

  /// What the suite's table counts.
  enum Unit: String, Sendable {
    case entities, words, examples, relations, pairs, documents, questions
  }

  /// As the suite's table has it: "BC5-chem".
  package let name: String
  /// The suite's name of the task: "NER".
  package let type: String
  /// Names of its folder; capitals, "_" for "-", and the endings "_hf" and "-IOB" make no difference.
  let folders: [String]
  let content: Content
  /// The score, which also chooses settings on dev.
  package let metric: String
  let maxLength: Int
  /// Of which the best on dev is kept.
  let epochs: Int
  let seeds: Int
  let unit: Unit
  /// Of train, dev and test, by the suite's table.
  let sizes: [Int]

  var hasTags: Bool {
    switch content {
    case .entities, .words: true
    default: false
    }
  }

  /// Whether all entity types are one, or the set has several.
  var mergesTypes: Bool { if case .entities(_, false) = content { false } else { true } }

  /// The sections "task" and "data" of its recipe, for the files that `PreparedSet` writes.
  /// - Parameter files: train, dev and test.
  func sections(_ files: [String], maxLength: Int) -> [String: JSON] {
    let (task, format) = settings
    let data: [String: JSON] = [
      "train": .string(files[0]), "dev": .string(files[1]), "test": .string(files[2]), "max_length": .int(maxLength),
    ]
    return ["task": .object(task), "data": .object(data.merging(format) { $1 })]
  }

  static let pubMedQALabels = ["maybe", "no", "yes"]

  private var settings: (task: [String: JSON], data: [String: JSON]) {
    let text: [String: JSON] = ["format": "jsonl", "id_column": "id"]
    let pair = text.merging(["text_pair_column": "text_pair"]) { $1 }
    func labels(_ labels: [String]) -> JSON { .array(labels.map(JSON.string)) }
    switch content {
    case .entities(let type, _):
      return (
        ["type": "token_classification", "labels": labels(["O", "B-\(type)", "I-\(type)"])],
        ["format": "conll", "scheme": "iob2"]
      )
    case .words(let types):
      return (["type": "token_classification", "labels": labels(["O"] + types)], ["format": "conll", "scheme": "io"])
    case .relations(let names):
      return (
        ["type": "relation_extraction", "labels": labels(names), "negative_label": .string(names[0])], text
      )
    case .similarity: return (["type": "regression"], pair)
    case .documents(let names): return (["type": "multi_label_classification", "labels": labels(names)], text)
    case .pairs(let names): return (["type": "sequence_classification", "labels": labels(names)], pair)
    case .pubMedQA:
      return (["type": "sequence_classification", "labels": labels(Self.pubMedQALabels)], pair)
    }
  }
}
