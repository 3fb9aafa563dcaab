/// Two runs or more, side by side: where their recipes differ, and what came out.
public import Files

public struct RunComparison: Sendable {
  /// A setting or a figure, and its value in each run; nil where a run has none.
  public struct Row: Sendable, Equatable {
    public let key: String
    public let values: [JSON?]
  }

  public let runs: [RunRecord]
  /// The settings that are not the same in all runs, by key path.
  public let settings: [Row]
  /// What every run is measured by, then the scores by split; those of single entity types come last.
  public let figures: [Row]

  public init(_ runs: [RunRecord]) {
    self.runs = runs
    let recipes = runs.map { leaves($0.recipe) }
    settings = Self.rows(recipes) { $0 != "about" && $0 != "output" }.filter { row in
      row.values.contains { $0 != row.values[0] }
    }
    let results = runs.map { run in run.values.filter { leaves(run.recipe)[$0.key] == nil } }
    let cost = [
      "status", "steps", "best.epoch", "best.step", "best.metric", "best.value", "trainable_parameters",
      "total_parameters", "train_seconds", "tokens_per_second", "peak_memory_bytes",
    ]
    let scores = Self.rows(results) { $0.hasPrefix("dev.") || $0.hasPrefix("test.") }
    figures =
      cost.map { key in Row(key: key, values: results.map { $0[key] }) }.filter { $0.values.contains { $0 != nil } }
      + scores.filter { !$0.isOfOneType } + scores.filter(\.isOfOneType)
  }

  private static func rows(_ sides: [[String: JSON]], _ isWanted: (String) -> Bool) -> [Row] {
    let keys = sides.reduce(into: Set<String>()) { $0.formUnion($1.keys) }.filter(isWanted)
    return keys.sorted().map { key in Row(key: key, values: sides.map { $0[key] }) }
  }

  public var json: JSON {
    func object(_ rows: [Row]) -> JSON {
      .object(.init(uniqueKeysWithValues: rows.map { ($0.key, .array($0.values.map { $0 ?? .null })) }))
    }
    return [
      "runs": .array(runs.map { .string($0.path) }), "settings": object(settings), "figures": object(figures),
    ]
  }
}

extension RunComparison.Row {
  public var isOfOneType: Bool { key.contains(".per_type.") }
}
