/// The recipe's section "data". Does not open the files.
import Files
public import Tasks

extension Recipe {
  /// The corpus, and how it is cut into windows.
  public struct Data: Sendable, Equatable {
    public enum Format: String, CaseIterable, Sendable {
      /// One word a line, its label in another column, an empty line between sentences.
      case conll
      /// Running text: a document a line, as plain text or as JSON; gzipped or not.
      case text
    }
    /// How labels spell an entity.
    public enum Scheme: String, CaseIterable, Sendable { case auto, iob1, iob2, iobes }
    /// A column of a CoNLL file.
    public enum Column: Sendable, Equatable {
      case last
      /// Counted from 0; "first" is 0.
      case index(Int)
    }

    public var format = Format.conll
    public var train: [String] = []
    public var dev: [String]?
    public var test: [String]?
    public var wordColumn = Column.index(0)
    public var labelColumn = Column.last
    public var scheme = Scheme.auto
    /// Pieces in a window, special ones included; nil for the model's limit.
    public var maxLength: Int?
    /// Pieces that neighbouring windows of one sentence share; nil for the task's own choice.
    public var stride: Int?
    public var maxTrainExamples: Int?
    /// Of a JSON line, the keys whose texts make the document.
    public var fields = ["text"]
    /// Whether a block goes on with the next document where one ends.
    public var pack = true

    /// The files of each split that has some.
    public var files: [(split: Split, paths: [String])] {
      [(.train, train), (.dev, dev ?? []), (.test, test ?? [])].filter { !$1.isEmpty }
    }

    mutating func declare(_ fields: Fields, for task: Task.TaskType) {
      var kind = format
      fields.choice("format", &kind, "How the files are laid out.") { kind, fields in
        switch kind {
        case .conll: declareColumns(fields)
        case .text: declareText(fields)
        }
      }
      format = kind
      let fitting: Format = task == .maskedLM ? .text : .conll
      fields.check(
        format == fitting, "format",
        expected: "\"\(fitting.rawValue)\", which is what task.type \"\(task.rawValue)\" learns from")
      fields.required("train", &train, .files, "What is learned from.")
      fields.optional("dev", &dev, .files, "What the best checkpoint is chosen by.")
      fields.optional("test", &test, .files, "What the final score is for; read once, at the end.")
      fields.optional(
        "max_length", &maxLength, .int(8...), "Pieces in a window, with special ones; else the model's limit.")
      if let maxLength, let stride {
        fields.check(stride * 2 < maxLength, "stride", expected: "less than half of max_length, which is \(maxLength)")
      }
      fields.optional("max_train_examples", &maxTrainExamples, .int(1...), "Learn from the first so many only.")
    }

    private mutating func declareColumns(_ fields: Fields) {
      fields.field("word_column", &wordColumn, .column, "Where a line has its word.")
      fields.field("label_column", &labelColumn, .column, "Where a line has its label.")
      fields.check(
        labelColumn != wordColumn, "label_column", "word_column", expected: "word_column and label_column to differ")
      fields.field("scheme", &scheme, .choice, "How labels spell an entity; auto finds out.")
      fields.optional("stride", &stride, .int(0...), "Pieces that neighbouring windows share.")
    }

    private mutating func declareText(_ fields: Fields) {
      fields.field(
        "fields", &self.fields, .list(of: .text, least: 1), "Of a JSON line, the keys whose texts make the document.")
      fields.field("pack", &pack, .bool, "Whether a block goes on with the next document where one ends.")
    }
  }
}

extension FieldType<Recipe.Data.Column> {
  /// "first", which is 0, "last", or a number counted from 0.
  fileprivate static var column: Self {
    Self(
      "\"first\", \"last\" or a column's number, counted from 0",
      schema: Schema.either(Schema.names(["first", "last"]), FieldType<Int>.int(0..., most: 9999).schema),
      write: { column in
        switch column {
        case .last: "last"
        case .index(0): "first"
        case .index(let index): .int(index)
        }
      }
    ) { json in
      switch json {
      case "first": .index(0)
      case "last": .last
      default: json.whole.flatMap { (0...9999).contains($0) ? .index($0) : nil }
      }
    }
  }
}
