/// A grid of runs from one recipe: `"sweep": {"method.rank": [4, 8], "seed": [1, 2, 3]}` makes six recipes, each with
/// its own name and folder. Does not run them.
package import Files

package struct Sweep: Sendable {
  /// A key path and its values.
  package struct Axis: Sendable, Equatable {
    package let path: String
    package let values: [JSON]
  }

  /// The folder that contains the runs' folders.
  package let output: String
  /// Sorted by path, but `seed` is last.
  package let axes: [Axis]
  /// One for each combination of values. The last axis varies fastest.
  package let cells: [GridCell]

  /// The maximum number of runs.
  static let maxRuns = 1000

  /// The sweep of the recipe at `path`; nil if it has none. The arguments are those of `Recipe.load`.
  /// Throws `FileFault`; `RecipeFaults` with the faults of all runs. A fault that not all runs have names its runs.
  package static func load(
    path: String, overrides: [String] = [], setFiles: [String] = [], checkFiles: Bool = true
  ) throws -> Sweep? {
    let rawRecipe = try RawRecipe(path: path, overrides: overrides, setFiles: setFiles)
    if rawRecipe.bench != nil { throw RecipeFaults.isBench(path) }
    return try Sweep(rawRecipe, checkFiles: checkFiles)
  }

  init?(_ rawRecipe: RawRecipe, checkFiles: Bool) throws {
    guard let block = rawRecipe.sweep else { return nil }
    let (axes, faults) = Self.axes(block, rawRecipe.json)
    guard faults.isEmpty else {
      // A key that an axis sets is not missing.
      let base = Recipe.read(rawRecipe, checkFiles: checkFiles).faults.filter { fault in
        !(block.object ?? [:]).keys.contains { fault.path == $0 || $0.hasPrefix(fault.path + ".") }
      }
      throw RecipeFaults(file: rawRecipe.file, faults + base)
    }
    let combinations = Self.combinations(axes)
    let names = Self.names(combinations)
    var cells: [GridCell] = []
    var faultsOfRuns = FaultsOfRuns()
    var output = ""
    for (name, values) in zip(names, combinations) {
      // Values that select a variant come first.
      let choices = values.filter { Variants.choices[$0.path] != nil }
      let rest = values.filter { Variants.choices[$0.path] == nil }
      var (recipe, faults) = Recipe.read(rawRecipe.with(choices + rest), checkFiles: checkFiles)
      faultsOfRuns.add(faults, of: name)
      output = recipe.output.hasSuffix("/") ? String(recipe.output.dropLast()) : recipe.output
      recipe.output = "\(output)/\(name)"
      cells.append(GridCell(name: name, settings: .init(values.map { ($0.path, $0.value) }) { $1 }, recipe: recipe))
    }
    let allFaults = faultsOfRuns.isEmpty ? Self.duplicates(cells) : faultsOfRuns.faults(ofAll: cells.count)
    guard allFaults.isEmpty else { throw RecipeFaults(file: rawRecipe.file, allFaults) }
    (self.output, self.axes, self.cells) = (output, axes, cells)
  }

  private static func axes(_ block: JSON, _ recipe: JSON) -> (axes: [Axis], faults: [RecipeFault]) {
    guard let members = block.object, !members.isEmpty else {
      let expected = "an object: key paths, each with a list of values, as in {\"method.rank\": [4, 8]}"
      return ([], [RecipeFault("sweep", "found \(block.shown)", expected: expected)])
    }
    var axes: [Axis] = []
    var faults: [RecipeFault] = []
    func fault(_ path: String, _ found: String, _ expected: String) {
      faults.append(RecipeFault("sweep.\(path)", found, expected: expected))
    }
    for (path, json) in members.sorted(by: { ($0.key == "seed" ? 1 : 0, $0.key) < ($1.key == "seed" ? 1 : 0, $1.key) })
    {
      let keys = path.split(separator: ".", omittingEmptySubsequences: false)
      if path == "output" {
        fault(path, "found a sweep over the run's folder", "no such axis: each run has its own folder in 'output'")
      } else if RawRecipe.fileKeys.contains(String(keys.first ?? "")) || keys.contains("") {
        fault(path, "found a sweep over a key that is not a setting", "a key path, as in training.learning_rate")
      } else if path == GridCell.foldPath, json == "all" {
        let count = recipe["data"]?["folds"]?["count"]?.int ?? 0
        axes.append(Axis(path: path, values: (0..<max(1, min(count, maxRuns + 1))).map(JSON.int)))
      } else if let values = json.array, !values.isEmpty {
        let duplicate = values.indices.first { values[..<$0].contains(values[$0]) }
        if let duplicate { fault(path, "found \(values[duplicate].shown) twice", "distinct values") }
        axes.append(Axis(path: path, values: values))
      } else {
        fault(path, "found \(json.shown)", "a non-empty list of values")
      }
    }
    let count = axes.reduce(1.0) { $0 * Double($1.values.count) }
    if count > Double(maxRuns) {
      faults.append(
        RecipeFault(
          "sweep", "found a grid of \(Int(exactly: count).map(String.init) ?? "\(count)") runs",
          expected: "at most \(maxRuns)"))
    }
    return (axes, faults)
  }

  private static func combinations(_ axes: [Axis]) -> [[(path: String, value: JSON)]] {
    axes.reduce([[]]) { combinations, axis in
      combinations.flatMap { combination in axis.values.map { combination + [(axis.path, $0)] } }
    }
  }

  /// A fault for each run with the same recipe as an earlier one.
  private static func duplicates(_ cells: [GridCell]) -> [RecipeFault] {
    var nameOfRecipe: [String: String] = [:]
    return cells.compactMap { cell in
      var recipe = cell.recipe
      (recipe.output, recipe.about) = ("", nil)
      let text = recipe.json.text()
      guard let earlier = nameOfRecipe[text] else {
        nameOfRecipe[text] = cell.name
        return nil
      }
      return RecipeFault(
        "sweep", "found two identical runs, \(earlier) and \(cell.name)", expected: "distinct runs")
    }
  }
}
