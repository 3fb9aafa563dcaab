/// A grid of runs from one recipe: `"sweep": {"method.rank": [4, 8], "seed": [1, 2, 3]}` makes six recipes, each with a
/// name and a folder of its own. Does not run them.
public import Files

public struct Sweep: Sendable {
  /// A key path and the values that it has.
  public struct Axis: Sendable, Equatable {
    public let path: String
    public let values: [JSON]
  }

  /// One run.
  public struct Cell: Sendable {
    /// The file name of its folder: `learning_rate=0.003,rank=8,seed=1`.
    public let name: String
    /// What it has of each axis.
    public let settings: [String: JSON]
    public let recipe: Recipe
  }

  /// The folder that all runs' folders are in.
  public let output: String
  /// By their paths, but `seed` last.
  public let axes: [Axis]
  /// The last axis is the quickest.
  public let cells: [Cell]

  /// More runs than anybody means.
  static let limit = 1000

  /// The sweep in the recipe at `path`; nil where it has none. Arguments are those of `Recipe.load`.
  /// Throws `FileFault`; `RecipeFaults` with what is wrong in any of the runs, which are named where not all have it.
  public static func load(
    path: String, overrides: [String] = [], setFiles: [String] = [], checkFiles: Bool = true
  ) throws -> Sweep? {
    try Sweep(RawRecipe(path: path, overrides: overrides, setFiles: setFiles), checkFiles: checkFiles)
  }

  init?(_ draft: RawRecipe, checkFiles: Bool) throws {
    guard let block = draft.sweep else { return nil }
    let (axes, faults) = Self.axes(block)
    guard faults.isEmpty else {
      // What an axis would have set is not missing.
      let base = Recipe.read(draft, checkFiles: checkFiles).faults.filter { fault in
        !(block.object ?? [:]).keys.contains { fault.path == $0 || $0.hasPrefix(fault.path + ".") }
      }
      throw RecipeFaults(file: draft.file, faults + base)
    }
    let combinations = Self.combinations(axes)
    let names = Self.names(combinations)
    var points: [Cell] = []
    var found = FaultsOfRuns()
    var output = ""
    for (name, values) in zip(names, combinations) {
      // What decides which keys there are comes first.
      let choosing = values.filter { Variants.choices[$0.path] != nil }
      let rest = values.filter { Variants.choices[$0.path] == nil }
      var (recipe, faults) = Recipe.read(draft.with(choosing + rest), checkFiles: checkFiles)
      found.add(faults, of: name)
      output = recipe.output.hasSuffix("/") ? String(recipe.output.dropLast()) : recipe.output
      recipe.output = "\(output)/\(name)"
      points.append(Cell(name: name, settings: .init(values.map { ($0.path, $0.value) }) { $1 }, recipe: recipe))
    }
    let told = found.isEmpty ? Self.duplicates(points) : found.faults(ofAll: points.count)
    guard told.isEmpty else { throw RecipeFaults(file: draft.file, told) }
    (self.output, self.axes, self.cells) = (output, axes, points)
  }

  private static func axes(_ block: JSON) -> (axes: [Axis], faults: [RecipeFault]) {
    guard let members = block.object, !members.isEmpty else {
      let words = "an object: key paths, each with a list of values, as in {\"method.rank\": [4, 8]}"
      return ([], [RecipeFault("sweep", "found \(block.shown)", expected: words)])
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
        fault(path, "found a sweep over the folder", "none: each run has a folder of its own in 'output'")
      } else if RawRecipe.ownKeys.contains(String(keys.first ?? "")) || keys.contains("") {
        fault(path, "found a sweep over what is no setting", "a key path, as in training.learning_rate")
      } else if let values = json.array, !values.isEmpty {
        let twice = values.indices.first { values[..<$0].contains(values[$0]) }
        if let twice { fault(path, "found \(values[twice].shown) twice", "values that differ") }
        axes.append(Axis(path: path, values: values))
      } else {
        fault(path, "found \(json.shown)", "a list of values that is not empty")
      }
    }
    let count = axes.reduce(1.0) { $0 * Double($1.values.count) }
    if count > Double(limit) {
      faults.append(
        RecipeFault(
          "sweep", "found a grid of \(Int(exactly: count).map(String.init) ?? "\(count)") runs",
          expected: "at most \(limit)"))
    }
    return (axes, faults)
  }

  private static func combinations(_ axes: [Axis]) -> [[(path: String, value: JSON)]] {
    axes.reduce([[]]) { combinations, axis in
      combinations.flatMap { combination in axis.values.map { combination + [(axis.path, $0)] } }
    }
  }

  /// Runs that would do the same as an earlier one, each as a fault.
  private static func duplicates(_ points: [Cell]) -> [RecipeFault] {
    var first: [String: String] = [:]
    return points.compactMap { point in
      var recipe = point.recipe
      (recipe.output, recipe.about) = ("", nil)
      let text = recipe.json.text()
      guard let twin = first[text] else {
        first[text] = point.name
        return nil
      }
      return RecipeFault(
        "sweep", "found two runs that are the same, \(twin) and \(point.name)", expected: "runs that differ")
    }
  }
}

/// The faults of many runs: what several of them have is told once.
private struct FaultsOfRuns {
  private var found: [(fault: RecipeFault, runs: [String])] = []

  var isEmpty: Bool { found.isEmpty }

  mutating func add(_ faults: [RecipeFault], of run: String) {
    for fault in faults {
      if let index = found.firstIndex(where: { $0.fault == fault }) {
        found[index].runs.append(run)
      } else {
        found.append((fault, [run]))
      }
    }
  }

  /// Each fault with its runs, where not all of them have it.
  func faults(ofAll count: Int) -> [RecipeFault] {
    found.map { fault, runs in
      var fault = fault
      fault.runs = runs.count == count ? [] : runs
      return fault
    }
  }
}
