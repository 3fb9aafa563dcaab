/// docs/recipes.md against the program: its tables have every key with its values and its default, its examples are recipes.
import Files
import FoundationEssentials
import ShippedRecipes
import TestSupport
import Testing
import Training

@testable import Recipes

/// A row of a reference table: | `key` | type | default | description |
private struct KeyRow {
  /// In backticks in the row's heading: `houlsby` and `pfeiffer`.
  let heading: [String]
  let key, type, defaultCell: String

  /// Whether the row is about this method: its heading names the method, or none.
  func applies(to method: String) -> Bool {
    heading.contains(method) || heading.allSatisfy { Recipe.Method.MethodType(rawValue: $0) == nil }
  }

  /// The default in a recipe with these types. Several are written "`5` for `masked_lm`; `0.5` for the others".
  func defaultValue(for types: [String]) -> JSON? {
    let parts = defaultCell.split(separator: ";").map { codes(in: String($0)) }
    let part = parts.first { $0.dropFirst().contains(where: types.contains) } ?? parts.first { $0.count == 1 }
    return part?.first.flatMap(parsed)
  }
}

private func page() throws -> String { try readText(repository + "/docs/recipes.md") }

private func keyRows() throws -> [KeyRow] {
  var heading: [String] = [], rows: [KeyRow] = []
  for line in try page().split(separator: "\n") {
    if line.hasPrefix("#") { heading = codes(in: String(line)) }
    let cells = line.dropFirst(2).dropLast(2).split(separator: " | ").map(String.init)
    guard line.hasPrefix("| `"), cells.count == 4 else { continue }
    rows.append(KeyRow(heading: heading, key: codes(in: cells[0])[0], type: cells[1], defaultCell: cells[2]))
  }
  return rows
}

/// What stands in backticks.
private func codes(in text: String) -> [String] { between("`", in: text) }

private func between(_ mark: Character, in text: String) -> [String] {
  text.split(separator: mark, omittingEmptySubsequences: false).enumerated()
    .filter { $0.offset % 2 == 1 }.map { String($0.element) }
}

private func parsed(_ text: String) -> JSON? { try? JSON(parsing: Data(text.utf8), named: "docs/recipes.md") }

@Test func `the tables of docs recipes md have every key, and no other`() throws {
  let rows = try keyRows()
  #expect(Set(rows.map(\.key)).symmetricDifference(Recipe.keys.map(\.path)) == [])
  #expect(Set(rows.map { "\($0.heading) \($0.key)" }).count == rows.count, "a key has two rows in one table")
}

@Test func `the tables say which keys are required, and which names a value may be`() throws {
  let keys = Dictionary(Recipe.keys.map { ($0.path, $0) }) { first, _ in first }
  for row in try keyRows() {
    guard let key = keys[row.key] else { continue }
    #expect((row.defaultCell == "required") == key.isRequired, "\(row.key)")
    #expect(Set(between("\"", in: row.type)) == Set(between("\"", in: key.expected)), "\(row.key)")
  }
}

/// Recipes that have, among them, every key with a default: one of each method, task, optimizer and schedule.
private let variants: [JSON] = {
  let dev = minimalRecipe.with("data.dev", "d")
  let methods = Recipe.Method.MethodType.allCases.map { dev.with("method", ["type": .string($0.rawValue)]) }
  let optimizers = OptimizerType.allCases.map {
    dev.with("training", ["optimizer": .string($0.rawValue), "learning_rate": 1])
  }
  let schedules = Schedule.Shape.allCases.map { dev.with("training", ["schedule": .string($0.rawValue)]) }
  let maskedLM = dev.with("task.type", "masked_lm").with("data.format", "text")
  let sequences = dev.with("task.type", "sequence_classification").with("data.format", "jsonl")
  let texts = ["relation_extraction", "multi_label_classification", "regression"].map {
    sequences.with("task.type", .string($0))
  }
  let vectors = sequences.with("task.type", "embedding").with("data.text_pair_column", "b")
  let questions = dev.with("task.type", "extractive_qa").with("data.format", "squad")
  let distilled = ([dev, maskedLM, sequences, questions, vectors] + texts).map {
    $0.with("distillation", ["teachers": "t"])
  }
  let several = minimalRecipe.with("task", nil).with("data", nil).with(
    "multi_task.tasks",
    [
      "a": ["task": dev["task"] ?? [:], "data": dev["data"] ?? [:]],
      "b": [
        "task": questions["task"] ?? [:], "data": questions["data"] ?? [:],
      ],
    ])
  return [dev, maskedLM, sequences, questions, vectors, several] + texts + methods + optimizers + schedules + distilled
    + [minimalRecipe.with("data.folds", ["count": 2]), dev.with("distillation", ["teachers": "t", "cache": "c"])]
}()

/// The values in a tree, by their paths.
private func leaves(_ json: JSON, at path: String = "") -> [String: JSON] {
  guard let members = json.object, !members.isEmpty else { return [path: json] }
  return members.reduce(into: [:]) { found, member in
    found.merge(leaves(member.value, at: path.isEmpty ? member.key : "\(path).\(member.key)")) { first, _ in first }
  }
}

@Test func `the tables have every default, by method and task`() throws {
  let rows = try keyRows()
  var withDefault: Set<String> = []
  for json in variants {
    let given = Set(leaves(json).keys), resolved = try Recipe(json: json, checkFiles: false).json
    let types =
      ["method", "task"].compactMap { resolved[$0]?["type"]?.string }
      + (resolved["multi_task"] == nil ? [] : ["multi_task"])
    // Those of each task are the keys of "task" and "data".
    for (path, value) in leaves(resolved) where !given.contains(path) && !path.hasPrefix("multi_task.tasks.") {
      withDefault.insert(path)
      let found = rows.filter { $0.key == path && $0.applies(to: types[0]) }.map { $0.defaultValue(for: types) }
      #expect(!found.isEmpty, "\(path) of \(types): no row")
      for one in found {
        #expect(one == value || one?.number != nil && one?.number == value.number, "\(path) of \(types)")
      }
    }
  }
  #expect(withDefault.count > 60)
  for row in rows where !withDefault.contains(row.key) {
    #expect(row.defaultValue(for: []) == nil, "\(row.key) has no default")
  }
}

/// The pages whose JSON is a recipe or a part of one; that of docs/formats.md and docs/serving.md is not.
private let pagesWithRecipes = [
  "README.md", "docs/bench.md", "docs/logs.md", "docs/methods.md", "docs/recipes.md",
  "docs/tasks/extractive_qa.md", "docs/tasks/masked_lm.md",
  "docs/tasks/multi_label_classification.md", "docs/tasks/multi_task.md", "docs/tasks/regression.md",
  "docs/tasks/relation_extraction.md", "docs/tasks/sequence_classification.md", "docs/tasks/token_classification.md",
]

@Test(arguments: pagesWithRecipes)
func `every example of a page is a recipe, or a part of one`(_ page: String) throws {
  let blocks = try readText("\(repository)/\(page)").split(separator: "```", omittingEmptySubsequences: false)
    .enumerated().filter { $0.offset % 2 == 1 && $0.element.hasPrefix("json\n") }
    .map { String($0.element.dropFirst(5)) }
  #expect(blocks.count > (page == "docs/recipes.md" ? 8 : 0))
  try inNewFolder { folder in
    // Examples extend recipes that ship.
    for (name, bytes) in shippedRecipes { try writeFile(Data(bytes), to: "\(folder)/\(name).json") }
    let base = minimalRecipe.with("method.type", "lora").with("training.warmup_ratio", 0.1)
    try writeFile(base.text(), to: folder + "/base.json")
    for block in blocks {
      guard var json = parsed(block) ?? parsed("{\(block)}") else {
        Issue.record("no JSON: \(block)")
        continue
      }
      // A part changes a recipe that is whole.
      if json["output"] == nil || json["extends"] != nil { json = json.with("extends", "base.json") }
      let path = folder + "/example.json"
      try writeFile(json.text(), to: path)
      #expect(throws: Never.self, "\(block)") {
        if json["bench"] != nil {
          _ = try Bench.load(path: path, checkFiles: false)
        } else if try Sweep.load(path: path, checkFiles: false) == nil {
          _ = try Recipe.load(path: path, checkFiles: false)
        }
      }
    }
  }
}
