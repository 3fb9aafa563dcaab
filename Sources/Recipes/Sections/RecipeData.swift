/// The recipe's section "data". Does not open the files.
import Files
public import Tasks

extension Recipe {
  /// The data files, and how they are split into windows.
  public struct Data: Sendable, Equatable {
    public enum Format: String, CaseIterable, Sendable {
      /// One word per line, its label in another column, an empty line between sentences.
      case conll
      /// Running text: one document per line, as plain text or as JSON; gzipped or not.
      case text
    }
    /// The tagging scheme.
    public enum Scheme: String, CaseIterable, Sendable { case auto, iob1, iob2, iobes }
    /// A column of a CoNLL file.
    public enum Column: Sendable, Equatable {
      case last
      /// Counted from 0; "first" in JSON is 0.
      case index(Int)
    }

    public var format = Format.conll
    public var train: [String] = []
    public var dev: [String]?
    public var test: [String]?
    public var wordColumn = Column.index(0)
    public var labelColumn = Column.last
    public var scheme = Scheme.auto
    /// Tokens per window or block, special tokens included; nil: the model's limit.
    public var maxLength: Int?
    /// Tokens that neighboring windows of a sentence share; nil: the task's default.
    public var stride: Int?
    public var maxTrainExamples: Int?
    /// Fields of a JSON line whose texts make up the document.
    public var fields = ["text"]
    /// Whether the rest of a block is filled with the next document.
    public var pack = true

    /// The files of each split, without empty splits.
    public var files: [(split: Split, paths: [String])] {
      [(.train, train), (.dev, dev ?? []), (.test, test ?? [])].filter { !$1.isEmpty }
    }

    mutating func declare(_ fields: Fields, for task: Task.TaskType) {
      var variant = format
      fields.choice("format", &variant, "File format.") { variant, fields in
        switch variant {
        case .conll: declareColumns(fields)
        case .text: declareText(fields)
        }
      }
      format = variant
      let expectedFormat: Format = task == .maskedLM ? .text : .conll
      fields.check(
        format == expectedFormat, "format",
        expected: "\"\(expectedFormat.rawValue)\" for task.type \"\(task.rawValue)\"")
      fields.required("train", &train, .files, "Training data.")
      fields.optional("dev", &dev, .files, "Development data, which choose the best checkpoint.")
      fields.optional("test", &test, .files, "Test data, scored once, at the end.")
      fields.optional(
        "max_length", &maxLength, .int(8...),
        "Tokens per window or block, special tokens included; else the model's limit.")
      if let maxLength, let stride {
        fields.check(stride * 2 < maxLength, "stride", expected: "less than half of max_length, which is \(maxLength)")
      }
      fields.optional("max_train_examples", &maxTrainExamples, .int(1...), "Train only on the first examples.")
    }

    private mutating func declareColumns(_ fields: Fields) {
      fields.field("word_column", &wordColumn, .column, "Column of the word, counted from 0.")
      fields.field("label_column", &labelColumn, .column, "Column of the label, counted from 0.")
      fields.check(
        labelColumn != wordColumn, "label_column", "word_column", expected: "word_column and label_column to differ")
      fields.field("scheme", &scheme, .choice, "Tagging scheme; \"auto\" detects it.")
      fields.optional("stride", &stride, .int(0...), "Tokens that neighboring windows share.")
    }

    private mutating func declareText(_ fields: Fields) {
      fields.field(
        "fields", &self.fields, .list(of: .string, minCount: 1),
        "Fields of a JSON line whose texts make up the document.")
      fields.field("pack", &pack, .bool, "Fill the rest of a block with the next document.")
    }
  }
}

extension FieldType<Recipe.Data.Column> {
  /// "first", "last", or an index counted from 0; "first" is 0.
  fileprivate static var column: Self {
    Self(
      "\"first\", \"last\" or a column index, counted from 0",
      schema: Schema.either(Schema.names(["first", "last"]), FieldType<Int>.int(0..., maximum: 9999).schema),
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
      default: json.int.flatMap { (0...9999).contains($0) ? .index($0) : nil }
      }
    }
  }
}
