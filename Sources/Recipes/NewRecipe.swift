/// A first recipe for data files, from what is in them. Asks nothing, and writes no file.
import Datasets
import Files
import Tasks

package struct NewRecipe {
  /// The recipe, in the layout of those that ship.
  package let text: String
  /// Which file is what, if there are several, and which columns were taken.
  package let notes: [String]

  private typealias Setting = (key: String, value: JSON)

  /// - Parameters:
  ///   - files: the training data, and others that their names call dev or test.
  ///   - model: the base model's folder.
  ///   - columns: those of a table that the user names.
  /// - Throws: `FileFault` if a file cannot be read, or has no text and labels that are found by their names or values;
  ///   `TableFault` if these are not found because rows of a table are malformed.
  package init(for files: [String], model: String, columns: NamedColumns = NamedColumns()) throws {
    let splits = Self.splits(files), train = splits.first { $0.split == .train }?.files ?? []
    guard let first = train.first else {
      throw FileFault.malformed(
        file: files.joined(separator: ", "), line: nil, found: "found no training data",
        expected: "a file whose name does not have the word dev, valid or test")
    }
    let limit = (try? JSON(path: model + "/config.json"))?["max_position_embeddings"]?.int ?? 128
    let (type, format, found) = try Self.data(FileSample(path: first), first, columns, maxLength: min(128, limit))
    let (about, method, training) = Self.training(type)
    let paths = splits.map { split, files -> Setting in
      (split.rawValue, files.count == 1 ? Self.literal(files[0]) : .array(files.map(Self.literal)))
    }
    let names = splits.map { split, files in
      "\(split.rawValue): \(files.map { printable(lastPathComponent($0)) }.joined(separator: ", "))"
    }
    let hasDev = splits.contains { $0.split == .dev }
    notes =
      (files.count == 1
        ? [] : [names.joined(separator: "; ") + (hasDev ? "" : "; no dev data: no name has the word dev or valid")])
      + found
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
    _ sample: FileSample, _ file: String, _ named: NamedColumns, maxLength: Int
  ) throws -> (TaskType, [Setting], notes: [String]) {
    switch sample.content {
    case .tags(let tags):
      try expectTable(named, file, found: "found words and tags in columns")
      return (.tokenClassification, [("format", "conll")] + settings(tags), notes(tags))
    case .text:
      if let separator = missingSeparator(sample, file) { throw separator }
      try expectTable(named, file, found: "found running text")
      return (.maskedLM, [("format", "text"), ("max_length", .int(maxLength))], [])
    case .table(let format, let columns):
      let choice: ColumnChoice
      do {
        choice = try ColumnChoice(columns, named, format, file)
      } catch {
        throw sample.badRows.map { $0 as any Error } ?? error
      }
      guard let label = choice.label else {
        if let fault = sample.badRows { throw fault }
        guard format == .jsonl else {
          throw FileFault.malformed(
            file: file, line: nil, found: choice.noLabel.found, expected: choice.noLabel.expected)
        }
        return (
          .maskedLM, [("format", "text"), ("fields", [literal(choice.text)]), ("max_length", .int(maxLength))],
          choice.notes
        )
      }
      let pair = choice.textPair.map { [("text_pair_column", literal($0))] } ?? []
      return (
        choice.task,
        [("format", .string(format.rawValue)), ("text_column", literal(choice.text))] + pair
          + [("label_column", literal(label))], choice.notes
      )
    }
  }

  private static func settings(_ tags: TagColumns) -> [Setting] {
    var settings: [Setting] = []
    if let scheme = tags.scheme { settings.append(("scheme", .string(scheme.rawValue))) }
    if tags.columns != CoNLLColumns() {
      settings += [("word_column", .int(tags.columns.word)), ("label_column", .int(tags.columns.label))]
    }
    return settings
  }

  private static func notes(_ tags: TagColumns) -> [String] {
    (tags.columns == CoNLLColumns()
      ? []
      : [
        "tags in column \(tags.columns.label) and words in column \(tags.columns.word), counted from 0 (data.label_column, "
          + "data.word_column)"
      ])
      + (tags.scheme == .io ? ["tags are types without a prefix (data.scheme \"io\")"] : [])
  }

  /// Throws if columns are named.
  private static func expectTable(_ named: NamedColumns, _ file: String, found: String) throws(FileFault) {
    guard let option = named.firstOption else { return }
    throw .malformed(
      file: file, line: nil, found: found, expected: "JSON lines, TSV or CSV, which have named columns, for \(option)")
  }

  /// The fault of a file that is named a table and has one column; nil: it is another file.
  private static func missingSeparator(_ sample: FileSample, _ file: String) -> FileFault? {
    let name = file.hasSuffix(".gz") ? file.dropLast(3) : file[...]
    guard let format = [TableFormat.csv, .tsv].first(where: { name.hasSuffix(".\($0.rawValue)") }) else { return nil }
    let own = format == .csv ? "," : "\t"
    let other = [";", "\t", "|", ","].first { $0 != own && sample.firstLine.contains($0) }
    let shown = other == "\t" ? "a tab" : other.map { "'\($0)'" }
    return .malformed(
      file: file, line: 1, found: "found one column" + (shown.map { " (is \($0) the separator?)" } ?? ""),
      expected: "columns separated by \(format == .csv ? "commas" : "tabs"), the first line with their names"
        + (other.map {
          "; write the file anew, for example with python3 -c 'import csv, sys; csv.writer(sys.stdout).writerows("
            + "csv.reader(sys.stdin, delimiter=\"\($0 == "\t" ? "\\t" : $0)\"))' < FILE > NEW.csv"
        } ?? ""))
  }
}
