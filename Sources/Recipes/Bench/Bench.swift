/// A benchmark from one recipe: `"bench": {"bases": {…}, "tasks": {…}, "methods": {…}}` names parts of recipes, and every
/// combination is a row. The row's sweep is searched on dev with its first seed; its other seeds repeat what was chosen.
/// Does not run them.
package import Files
package import Tasks
import Training

package struct Bench: Sendable {
  /// The runs of one base, task and method.
  package struct Row: Sendable {
    /// As the recipe names them.
    package let base, task, method: String
    /// The folder of its runs, below the benchmark's: `minilm-l6/ncbi-disease/lora-r-8`.
    package let folder: String
    /// The runs of each combination of settings that is searched, one for each seed or fold.
    package let candidates: [[GridCell]]

    /// Which chooses a candidate, and compares rows.
    package var metric: Metric { candidates[0][0].recipe.training.settings.metricForBestModel }
  }

  package let about: String?
  /// The folder that contains the rows' folders.
  package let output: String
  /// By base, then task, then method, in the order of their names.
  package let rows: [Row]
  /// Whether what a method has learned on one task is also scored on the test data of the others.
  package let crossEvaluates: Bool
  /// Messages for the user that are not errors.
  package let notes: [String]

  private static let maxRuns = 10_000

  /// The benchmark of the recipe at `path`. The arguments are those of `Recipe.load`; overrides hold for every run.
  /// Throws `FileFault`; `RecipeFaults` with the faults of all rows. A fault that not all rows have names its rows.
  package static func load(
    path: String, overrides: [String] = [], setFiles: [String] = [], checkFiles: Bool = true
  ) throws -> Bench {
    try load(
      ShippedRecipe.tree(at: path), named: path, overrides: overrides, setFiles: setFiles, checkFiles: checkFiles)
  }

  /// The benchmark of a recipe that is not in a file yet; errors name it as `path`, to which what it extends is relative.
  package static func load(
    _ json: JSON, named path: String, overrides: [String] = [], setFiles: [String] = [], checkFiles: Bool = true
  ) throws -> Bench {
    let files = try Extends.files(json, path, Environment.process)
    func isOfBench(_ setting: String) -> Bool { setting.hasPrefix("bench.") || setting.hasPrefix("bench=") }
    let (ofBench, ofRuns) = overrides.divided(isOfBench), (filesOfBench, filesOfRuns) = setFiles.divided(isOfBench)
    let parts = try BenchParts(files, named: path, overrides: ofBench, setFiles: filesOfBench)
    let replacing = (ofRuns + filesOfRuns).compactMap(parts.fault(ofSetting:))
    guard replacing.isEmpty else { throw RecipeFaults(file: path, replacing) }
    let own = files.map { $0.without("bench") }
    func raw(_ files: [ExtendedFile]) -> RawRecipe {
      RawRecipe(files, named: path, overrides: ofRuns, setFiles: filesOfRuns)
    }
    return try Bench(raw(own), parts, checkFiles: checkFiles) { row in
      // A method replaces the whole section.
      raw(
        (own + row.files).map { row.method.contains { $0.members["method"] != nil } ? $0.without("method") : $0 }
          + row.method)
    }
  }

  /// - Parameters:
  ///   - own: the recipe without the benchmark.
  ///   - recipe: that of a row.
  private init(
    _ own: RawRecipe, _ parts: BenchParts, checkFiles: Bool, _ recipe: (BenchParts.Row) -> RawRecipe
  ) throws {
    var rows: [Row] = [], faults = FaultsOfRuns(), notes: [String] = [], runs = 0
    let given = own.json["output"]?.string ?? "", output = given.hasSuffix("/") ? String(given.dropLast()) : given
    let combinations = parts.rows(of: own)
    for row in combinations {
      var raw = recipe(row)
      if !output.isEmpty { raw = raw.with([("output", .string("\(output)/\(row.folder)"))]) }
      if raw.sweep == nil || raw.sweep?.object != nil {
        let seed = raw.json["seed"] ?? .int(Recipe().seed)
        raw.sweep = .object(["seed": [seed]].merging(raw.sweep?.object ?? [:]) { $1 })
      }
      faults.add(row.sweptSettings(raw.sweep), of: row.folder)
      do {
        guard let sweep = try Sweep(raw, checkFiles: checkFiles) else { continue }
        let candidates = sweep.cells.grouped { $0.configuration.mapValues { $0.text(pretty: false) } }
        if candidates.count > 1, !sweep.cells[0].recipe.parts.allSatisfy(\.data.hasDev) {
          faults.add(
            [.init("data.dev", "missing", expected: "dev data, on which the sweep is searched")], of: row.folder)
        }
        notes += sweep.notes.filter { !notes.contains($0) }
        runs += sweep.cells.count
        rows.append(
          Row(
            base: row.names[0], task: row.names[1], method: row.names[2], folder: row.folder, candidates: candidates))
      } catch let found as RecipeFaults {
        faults.add(found.faults, of: row.folder)
      }
    }
    if runs > Self.maxRuns {
      faults.add([.init("bench", "found \(runs) runs", expected: "at most \(Self.maxRuns)")], of: "")
    }
    for rows in rows.grouped({ [$0.base, $0.task] }) {
      for row in rows where row.metric.name != rows[0].metric.name {
        let found = "found \"\(row.metric.name)\", but \(rows[0].method) has \"\(rows[0].metric.name)\""
        faults.add(
          [
            .init(
              "training.metric_for_best_model", found, expected: "one metric for all methods, which are compared by it")
          ],
          of: row.folder)
      }
    }
    guard faults.isEmpty else {
      throw RecipeFaults(file: own.file, faults.faults(ofAll: combinations.count))
    }
    (about, self.output, self.rows, self.notes) = (own.json["about"]?.string, output, rows, notes)
    crossEvaluates = parts.crossEvaluates
  }
}

extension RecipeFaults {
  /// Of a benchmark where a run is expected.
  static func isBench(_ file: String?) -> RecipeFaults {
    RecipeFaults(
      file: file, [.init("bench", "found a benchmark", expected: "a run or a sweep", advice: "'tune bench' runs it.")])
  }
}

extension Sequence {
  /// The elements with equal keys together, in the order of the first of each.
  package func grouped<Key: Hashable>(_ key: (Element) -> Key) -> [[Element]] {
    var groups: [[Element]] = [], numbers: [Key: Int] = [:]
    for element in self {
      let number = numbers[key(element), default: groups.count]
      if number == groups.count {
        numbers[key(element)] = number
        groups.append([])
      }
      groups[number].append(element)
    }
    return groups
  }

  /// The elements that a condition holds for, and the others.
  fileprivate func divided(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
    (filter(isFirst), filter { !isFirst($0) })
  }
}
