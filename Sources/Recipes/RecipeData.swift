/// The recipe's section "data". Does not open the files.
import Files

extension Recipe {
  /// The corpus, and how it is cut into windows.
  public struct Data: Sendable, Equatable {
    public enum Format: String, CaseIterable, Sendable {
      /// One word a line, its label in another column, an empty line between sentences.
      case conll
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
    public var train = ""
    public var dev: String?
    public var test: String?
    public var wordColumn = Column.index(0)
    public var labelColumn = Column.last
    public var scheme = Scheme.auto
    /// Pieces in a window, special ones included; nil for the model's limit.
    public var maxLength: Int?
    /// Pieces that neighbouring windows of one sentence share; nil for the task's own choice.
    public var stride: Int?
    public var maxTrainExamples: Int?

    mutating func state(_ fields: Fields) {
      fields.required("format", &format, .choice, "How the files are laid out.")
      fields.required("train", &train, .file, "What is learned from.")
      fields.optional("dev", &dev, .file, "What the best checkpoint is chosen by.")
      fields.optional("test", &test, .file, "What the final score is for; read once, at the end.")
      fields.field("word_column", &wordColumn, .column, "Where a line has its word.")
      fields.field("label_column", &labelColumn, .column, "Where a line has its label.")
      fields.check(
        labelColumn != wordColumn, "label_column", "word_column", expected: "word_column and label_column to differ")
      fields.field("scheme", &scheme, .choice, "How labels spell an entity; auto finds out.")
      fields.optional(
        "max_length", &maxLength, .int(8...), "Pieces in a window, with special ones; else the model's limit.")
      fields.optional("stride", &stride, .int(0...), "Pieces that neighbouring windows share.")
      if let maxLength, let stride {
        fields.check(stride * 2 < maxLength, "stride", expected: "less than half of max_length, which is \(maxLength)")
      }
      fields.optional("max_train_examples", &maxTrainExamples, .int(1...), "Learn from the first so many only.")
    }
  }
}

extension FieldKind<Recipe.Data.Column> {
  /// "first", which is 0, "last", or a number counted from 0.
  fileprivate static var column: Self {
    Self(
      "\"first\", \"last\" or a column's number, counted from 0",
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
