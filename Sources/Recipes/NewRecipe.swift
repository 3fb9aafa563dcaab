/// A first recipe for data files, from what is in them. Asks nothing, and writes no file.
import Datasets
import Files
import Tasks

package struct NewRecipe {
  /// The recipe, in the layout of those that ship.
  package let text: String
  /// Which file is what, if there are several.
  package let notes: [String]

  private typealias Setting = (key: String, value: JSON)

  /// - Parameters:
  ///   - files: the training data, and others that their names call dev or test.
  ///   - model: the base model's folder.
  /// - Throws: `FileFault` if a file cannot be read, or has no text and labels that are found by their names or values.
  package init(for files: [String], model: String) throws {
    let splits = Self.splits(files), train = splits.first { $0.split == .train }?.files ?? []
    guard let first = train.first else {
      throw FileFault.malformed(
        file: files.joined(separator: ", "), line: nil, found: "found no training data",
        expected: "a file whose name does not have the word dev, valid or test")
    }
    let limit = (try? JSON(path: model + "/config.json"))?["max_position_embeddings"]?.int ?? 128
    let (type, format) = try Self.data(FileSample(path: first).content, first, maxLength: min(128, limit))
    let (about, method, training) = Self.training(type)
    let paths = splits.map { split, files -> Setting in
      (split.rawValue, files.count == 1 ? Self.literal(files[0]) : .array(files.map(Self.literal)))
    }
    let names = splits.map { split, files in
      "\(split.rawValue): \(files.map { printable(lastPathComponent($0)) }.joined(separator: ", "))"
    }
    let hasDev = splits.contains { $0.split == .dev }
    notes =
      files.count == 1
      ? [] : [names.joined(separator: "; ") + (hasDev ? "" : "; no dev data: no name has the word dev or valid")]
    let sections = [
      Self.line("about", Self.literal("\(about) on \(lastPathComponent(first))")), Self.line("seed", 7),
      Self.line("model", [("path", Self.literal(model))]), Self.line("task", [("type", .string(type.rawValue))]),
      Self.block("data", format.prefix(1) + paths + format.dropFirst()), Self.line("method", method),
      Self.block("training", training), Self.line("output", Self.literal("runs/\(Self.name(of: first))")),
    ]
    text = "{\n" + sections.map { "  " + $0 }.joined(separator: ",\n") + "\n}\n"
  }

  /// What the recipe is about, its method, and its training.
  private static func training(_ type: TaskType) -> (about: String, method: [Setting], training: [Setting]) {
    let schedule: [Setting] = [("schedule", "linear"), ("warmup_ratio", 0.1)]
    let purpose = type.rawValue.replacing("_", with: " ")
    if type == .maskedLM {
      return (
        "Full fine-tuning for \(purpose)", [("type", "full")],
        [("epochs", 1), ("max_tokens_per_batch", 4096), ("learning_rate", 5e-4)] + schedule
      )
    }
    return (
      "LoRA for \(purpose)", [("type", "lora"), ("rank", 8), ("alpha", 16)],
      [("epochs", 4), ("batch_size", 32), ("learning_rate", 2e-3)] + schedule + [("weight_decay", 0.01)]
    )
  }

  /// A string that is not expanded when the recipe is read.
  private static func literal(_ text: String) -> JSON { Environment.escape(.string(text)) }

  private static func line(_ key: String, _ value: JSON) -> String { "\"\(key)\": \(value.text(pretty: false))" }

  private static func line(_ key: String, _ settings: [Setting]) -> String {
    "\"\(key)\": {" + settings.map { line($0.key, $0.value) }.joined(separator: ", ") + "}"
  }

  private static func block(_ key: String, _ settings: some Sequence<Setting>) -> String {
    "\"\(key)\": {\n" + settings.map { "    " + line($0.key, $0.value) }.joined(separator: ",\n") + "\n  }"
  }

  /// The files of each split, by the words in their names.
  private static func splits(_ files: [String]) -> [(split: Split, files: [String])] {
    func split(_ path: String) -> Split {
      let words = lastPathComponent(path).lowercased().split { !$0.isLetter }
      if words.contains(where: { ["dev", "devel", "development", "valid", "validation", "val", "testa"].contains($0) })
      {
        return .dev
      }
      return words.contains { ["test", "testb", "testing", "eval"].contains($0) } ? .test : .train
    }
    if files.count == 1 { return [(.train, files)] }
    return Split.allCases.map { one in (one, files.filter { split($0) == one }) }.filter { !$0.1.isEmpty }
  }

  /// The name of the file, or of its folder if that is called train.
  private static func name(of path: String) -> String {
    let stem = lastPathComponent(path).split(separator: ".").first.map(String.init) ?? "run"
    let folder = lastPathComponent(parentFolder(of: path))
    return stem.lowercased() == "train" && !folder.hasPrefix(".") && folder != "/" ? folder : stem
  }

  private static func data(
    _ content: FileSample.Content, _ file: String, maxLength: Int
  ) throws -> (TaskType, [Setting]) {
    switch content {
    case .tags(let scheme):
      let scheme = scheme.map { [("scheme", JSON.string($0.rawValue))] } ?? []
      return (.tokenClassification, [("format", "conll")] + scheme)
    case .text where file.hasSuffix(".csv") || file.hasSuffix(".tsv"):
      throw FileFault.malformed(
        file: file, line: nil, found: "found a table with one column",
        expected: "columns separated by \(file.hasSuffix(".csv") ? "commas" : "tabs"), the first line with their names")
    case .text: return (.maskedLM, [("format", "text"), ("max_length", .int(maxLength))])
    case .table(let format, let columns):
      let choice = try ColumnChoice(columns, file)
      guard let label = choice.label else {
        guard format == .jsonl else { throw choice.noLabel }
        return (.maskedLM, [("format", "text"), ("fields", [.string(choice.text)]), ("max_length", .int(maxLength))])
      }
      let pair = choice.textPair.map { [("text_pair_column", JSON.string($0))] } ?? []
      return (
        choice.hasSeveralLabels ? .multiLabelClassification : .sequenceClassification,
        [("format", .string(format.rawValue)), ("text_column", .string(choice.text))] + pair
          + [("label_column", .string(label))]
      )
    }
  }
}

/// The columns of a table that hold the text and the label, by their names or values.
private struct ColumnChoice {
  let text: String
  let textPair, label: String?
  /// Whether labels are lists.
  let hasSeveralLabels: Bool
  let noLabel: FileFault

  private static let texts = ["text", "sentence", "abstract", "content", "document", "body", "question", "title"]
  private static let pairs = [
    ("sentence1", "sentence2"), ("premise", "hypothesis"), ("question", "context"), ("question", "passage"),
    ("question", "answer"), ("question1", "question2"), ("text_a", "text_b"), ("text1", "text2"), ("text", "text_pair"),
    ("query", "document"),
  ]
  private static let labels = ["label", "labels", "gold_label", "class", "category", "target", "relation", "intent"]

  init(_ columns: [FileSample.Column], _ file: String) throws(FileFault) {
    let names = Set(columns.map(\.name)), listed = columns.map { "'\(printable($0.name))'" }.joined(separator: ", ")
    func length(_ column: FileSample.Column) -> Int { column.values.reduce(0) { $0 + $1.count } }
    let pair = Self.pairs.first { names.isSuperset(of: [$0.0, $0.1]) }
    let longest = columns.max { length($0) < length($1) }
    guard let text = pair?.0 ?? Self.texts.first(where: names.contains) ?? longest?.name, longest.map(length) ?? 0 > 0
    else {
      throw .malformed(
        file: file, line: nil, found: "found no text in the columns \(listed)", expected: "a column of texts")
    }
    let others = columns.filter { $0.name != text && $0.name != pair?.1 }
    func isLabel(_ column: FileSample.Column) -> Bool {
      let count = Set(column.values).count
      return column.values.allSatisfy { !$0.isEmpty } && count > 1 && count <= min(50, max(2, column.values.count / 2))
    }
    (self.text, textPair) = (text, pair?.1)
    let named = Self.labels.first(where: names.contains), inferred = others.filter(isLabel)
    let label = named ?? (inferred.count == 1 ? inferred[0].name : nil)
    self.label = label
    hasSeveralLabels = columns.contains { $0.name == label && $0.hasLists }
    noLabel = .malformed(
      file: file, line: nil, found: "found no column of labels among \(listed)",
      expected:
        "one named \(Self.labels[0]), or a single one with few distinct values; for text without labels, plain text or JSON lines"
    )
  }
}
