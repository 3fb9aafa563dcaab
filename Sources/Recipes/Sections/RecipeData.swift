/// The recipe's section "data". To add a format: a `DataFormat` in Sources/Datasets, and here a case of `FormatType` and
/// its keys. Does not open the files.
package import Datasets
import Files
package import Tasks

/// A format of data files, which declares its keys.
protocol DataFormatSection: DataFormat {
  mutating func declare(_ fields: Fields)
  /// Whether a task reads it, of those that read its content.
  func serves(_ task: TaskType) -> Bool
}

extension DataFormatSection {
  func serves(_ task: TaskType) -> Bool { true }
}

extension Recipe {
  /// The data files, and how they are split into windows.
  package struct Data: Sendable, Equatable {
    package enum FormatType: String, CaseIterable, Sendable {
      /// One word per line, its label in another column, an empty line between sentences.
      case conll
      /// Questions with contexts and answers, in the JSON of SQuAD.
      case squad
      /// Running text: one document per line, as plain text or as JSON; gzipped or not.
      case text
      /// Tables with named columns: JSON lines, or TSV or CSV with a header line.
      case jsonl, tsv, csv
      /// Questions with snippets and answers, in the JSON of BioASQ.
      case bioasq

      /// The formats that a task reads.
      static func formats(of task: TaskType) -> [Self] {
        allCases.filter { type in
          let format = type.defaultFormat
          return format.serves(task) && format.reading(Task(task).section.content) != nil
        }
      }

      /// The format of a recipe that has no other key of it.
      fileprivate var defaultFormat: any DataFormatSection {
        switch self {
        case .conll: CoNLLFormat()
        case .squad: SQuADFormat()
        case .bioasq: BioASQFormat()
        case .text: TextFormat()
        case .jsonl: TableDataFormat(.jsonl)
        case .tsv: TableDataFormat(.tsv)
        case .csv: TableDataFormat(.csv)
        }
      }
    }

    package private(set) var type: FormatType
    var formatSection: any DataFormatSection
    package var train: [String] = []
    package var dev: [String]?
    package var test: [String]?
    /// Tokens per window or block, special tokens included; nil: the model's limit.
    package var maxLength: Int?
    /// Tokens that neighboring windows of a text share; nil: the task's default.
    package var stride: Int?
    package var maxTrainExamples: Int?
    package var maxDevExamples: Int?
    /// nil: the training files are not divided.
    package var folds: Folds?
    /// Whether the model is trained on dev, too; then nothing is chosen on it. nil: no.
    package var trainDev: Bool?
    /// For the model card; nil: not stated.
    package var license: String?

    package init(_ type: FormatType = .conll) { (self.type, formatSection) = (type, type.defaultFormat) }

    package var format: any DataFormat { formatSection }

    /// The files of each split, without empty splits.
    package var files: [(split: Split, paths: [String])] {
      [(.train, train), (.dev, dev ?? []), (.test, test ?? [])].filter { !$1.isEmpty }
    }

    /// The files that each split's records come from.
    package var splits: [(split: Split, paths: [String])] {
      if trainDev == true { return [(.train, train + (dev ?? [])), (.test, test ?? [])].filter { !$1.isEmpty } }
      guard let folds else { return files }
      let heldOut = (split: folds.heldOut == .dev ? Split.dev : .test, paths: train)
      return [(.train, train)] + (files.dropFirst() + [heldOut]).sorted { $0.split == .dev && $1.split == .test }
    }

    /// Whether there is a split that chooses the best weights.
    package var hasDev: Bool { splits.contains { $0.split == .dev } }

    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.json == rhs.json }

    private var json: JSON {
      var copy = self
      return Fields.write { copy.declare($0, for: nil) }.json
    }

    /// - Parameter task: nil: any.
    mutating func declare(_ fields: Fields, for task: Task?) {
      declareFormat(fields) { data, fields in if data.type != .text { data.declareStride(fields) } }
      if let task {
        readLabels(fields, of: task.type)
        checkEntities(fields, task)
        checkListThreshold(fields, task)
        fields.checkFormat(type, of: task.type, FormatType.formats(of: task.type))
        fields.check(
          stride == nil || task.section.usesWindows, "stride",
          expected: "no value unless the task reads long texts in windows (task.long_text \"mean\")")
      }
      fields.required("train", &train, .files, "Training data.")
      fields.optional("dev", &dev, .files, "Development data, which choose the best checkpoint.")
      fields.optional("test", &test, .files, "Test data, scored once, at the end.")
      declareDivision(fields, task)
      declareMaxLength(fields)
      fields.optional("max_train_examples", &maxTrainExamples, .int(1...), "Train only on the first examples.")
      fields.optional(
        "max_dev_examples", &maxDevExamples, .int(1...), needs: fields.fullPath("dev"),
        "Evaluate dev only on its first examples.")
      fields.optional("license", &license, .string, "License of the data, for the model card.")
      if let task { checkPairs(fields, task) }
    }

    /// Reads the content that the task needs, and the labels of tables as the task has them.
    mutating func readLabels(_ fields: Fields, of task: TaskType) {
      if fields.isReading { formatSection = formatSection.reading(Task(task).section.content) ?? formatSection }
      if let format = format as? BioASQFormat {
        fields.check(
          format.questionTypes == nil || format.content == .questions, "question_types",
          expected: "no value: only extractive_qa has a choice")
      }
      guard var table = formatSection as? TableDataFormat else { return }
      let kind = task.inference.labelKind
      fields.check(
        kind == .set || (table.labelSeparator == "," && !table.labelValues), "label_separator", "label_values",
        expected: "no value: only multi_label_classification has several labels per record")
      fields.check(
        table.documentSeparator == nil || kind == .set, "document_separator",
        expected: "no value: only multi_label_classification joins the records of a document")
      table.labelKind = kind
      fields.check(
        task.inference.readsEntities || table.columns.entities == EntityForms(), "subject_column", "object_column",
        "subject_marks", "object_marks", "subject_type", "object_type",
        expected: "no value: only relation_extraction has entities")
      if fields.isReading { formatSection = table }
    }

    private func checkPairs(_ fields: Fields, _ task: Task) {
      guard let table = formatSection as? TableDataFormat else { return }
      let kind = (task.section as? EmbeddingSettings)?.loss.kind
      fields.check(
        table.columns.negatives.isEmpty || kind == .multipleNegativesRanking, "negative_columns",
        expected: "no value unless task.loss is \"multiple_negatives_ranking\"")
      let needsPairs = kind.map { $0 != .simCSE || dev != nil || test != nil } ?? false
      fields.check(
        !needsPairs || table.columns.textPair != nil, "text_pair_column",
        expected: "the column of a pair's second text: \(kind == .simCSE ? "dev and test are" : "the data are") pairs")
    }

    /// The keys of the windows, for a file to evaluate.
    mutating func declareWindow(_ fields: Fields) {
      declareStride(fields)
      declareMaxLength(fields)
    }

    private mutating func declareStride(_ fields: Fields) {
      fields.optional("stride", &stride, .int(0...), "Tokens that neighboring windows share.")
    }

    private mutating func declareMaxLength(_ fields: Fields) {
      fields.optional(
        "max_length", &maxLength, .int(8...),
        "Tokens per window or block, special tokens included; else the model's limit.")
      if let maxLength, let stride {
        fields.check(stride * 2 < maxLength, "stride", expected: "less than half of max_length, which is \(maxLength)")
      }
    }

    /// The keys that say how a file is read.
    /// - Parameter options: declares more keys that not every format has.
    mutating func declareFormat(_ fields: Fields, options: (inout Data, Fields) -> Void = { _, _ in }) {
      var variant = type
      fields.choice("format", &variant, "File format.") { variant, fields in
        var data = self
        if variant != type { (data.type, data.formatSection) = (variant, variant.defaultFormat) }
        data.formatSection.declare(fields)
        options(&data, fields)
        if fields.isReading { self = data }
      }
    }
  }
}

extension CoNLLFormat: DataFormatSection {
  mutating func declare(_ fields: Fields) {
    fields.field("word_column", &columns.word, .column, "Column of the word, counted from 0.")
    fields.field("label_column", &columns.label, .column, "Column of the label, counted from 0.")
    fields.check(
      columns.label != columns.word, "label_column", "word_column", expected: "word_column and label_column to differ")
    fields.field("scheme", &scheme, .choice(or: "auto"), "Tagging scheme; \"auto\" detects all but \"io\".")
    fields.optional(
      "entity_type", &entityType, .string, "Entity type of tags without one (B and I); else _, as in seqeval.")
  }
}

extension SQuADFormat: DataFormatSection {
  mutating func declare(_ fields: Fields) {}
}

extension BioASQFormat: DataFormatSection {
  mutating func declare(_ fields: Fields) {
    fields.optional(
      "question_types", &questionTypes, .list(of: .choice, minCount: 1), "Kinds of questions that are read; else both.")
  }

  func serves(_ task: TaskType) -> Bool { task == .extractiveQA || task == .sequenceClassification }
}

extension TextFormat: DataFormatSection {
  mutating func declare(_ fields: Fields) {
    fields.field(
      "fields", &self.fields, .list(of: .string, minCount: 1),
      "Fields of a JSON line whose texts make up the document.")
    fields.field("pack", &pack, .bool, "Fill the rest of a block with the next document.")
  }
}

extension TableDataFormat: DataFormatSection {
  mutating func declare(_ fields: Fields) {
    var label = columns.label ?? "label"
    fields.field("text_column", &columns.text, .string, "Column of the text.")
    fields.optional("text_pair_column", &columns.textPair, .string, "Column of the second text of a pair.")
    fields.field(
      "negative_columns", &columns.negatives, .list(of: .string),
      "Columns of texts that are not similar to the first (hard negatives).")
    fields.field("label_column", &label, .string, "Column of the label.")
    fields.optional("id_column", &columns.id, .string, "Column of the record's id; else its number in the file.")
    fields.optional(
      "document_column", &columns.document, .string,
      "Column of what the record is a part of, for intervals by document.")
    columns.label = label
    fields.field("label_separator", &labelSeparator, .string, "What divides the labels of a record with several.")
    fields.field(
      "label_values", &labelValues, .bool, "Each of several labels is followed by _1 if it applies, or by _0.")
    fields.optional(
      "document_separator", &documentSeparator, .string,
      "What follows the document's id in the id column; the records of a document are then one.")
    fields.check(
      documentSeparator == nil || (columns.id != nil && columns.textPair == nil), "document_separator",
      expected: "an id_column, and no text_pair_column")
    fields.check(
      columns.negatives.isEmpty
        || Set(columns.negatives + [columns.text, columns.textPair ?? "", label]).count == columns.negatives.count + 3,
      "negative_columns", expected: "columns other than those of the texts and the label, each once")
    func isOwn(_ name: String?, _ others: [String?]) -> Bool { name == nil || !others.contains(name) }
    fields.check(
      label != columns.text, "label_column", "text_column", expected: "text_column and label_column to differ")
    fields.check(
      isOwn(columns.textPair, [columns.text, label]), "text_pair_column",
      expected: "a column other than those of the text and the label")
    fields.check(
      isOwn(columns.id, [columns.text, columns.textPair, label]), "id_column",
      expected: "a column other than those of the texts and the label")
    columns.entities.declare(fields)
    fields.check(
      isOwn(columns.entities.subject.column, columns.namesBesidesEntities + [columns.entities.object.column]),
      "subject_column", expected: "a column of its own")
    fields.check(
      isOwn(columns.entities.object.column, columns.namesBesidesEntities), "object_column",
      expected: "a column of its own")
  }
}

extension FieldType<Int> {
  /// "first", "last", or an index counted from 0; "first" is 0, "last" is -1.
  fileprivate static var column: Self {
    Self(
      "\"first\", \"last\" or a column index, counted from 0",
      schema: Schema.either(Schema.names(["first", "last"]), FieldType<Int>.int(0..., maximum: 9999).schema),
      write: { $0 == -1 ? "last" : $0 == 0 ? "first" : .int($0) }
    ) { json in
      switch json {
      case "first": 0
      case "last": -1
      default: json.int.flatMap { (0...9999).contains($0) ? $0 : nil }
      }
    }
  }
}
