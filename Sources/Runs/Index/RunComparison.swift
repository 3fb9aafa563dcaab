/// Compares two or more runs: the settings that differ, and the results.
package import Files

package struct RunComparison: Sendable {
  /// A setting or a result, with its value in each run; nil where a run has none.
  package struct Row: Sendable, Equatable {
    package let key: String
    package let values: [JSON?]
  }

  package let runs: [RunRecord]
  /// The settings that differ between the runs, by key path; and alpha where ranks differ, because an update is scaled by
  /// alpha / rank.
  package let settings: [Row]
  /// Status, best score and cost, then the scores by split; those of single entity types or classes come last.
  package let results: [Row]

  package init(_ runs: [RunRecord]) {
    self.runs = runs
    let recipes = runs.map { leaves($0.recipe) }
    let all = Self.rows(recipes) { $0 != "about" && $0 != "output" }
    let differing = Set(all.filter { row in row.values.contains { $0 != row.values[0] } }.map(\.key))
    let differentRanks = !differing.isDisjoint(with: ["method.rank", "method.init_r"])
    settings = all.filter { differing.contains($0.key) || differentRanks && $0.key == "method.alpha" }
    let outcomes = runs.map { run in run.values.filter { leaves(run.recipe)[$0.key] == nil } }
    let summary = [
      "status", "steps", "best.epoch", "best.step", "best.metric", "best.value", "trainable_parameters",
      "total_parameters", "train_seconds", "tokens_per_second", "peak_memory_bytes",
    ]
    let scores = Self.rows(outcomes) { $0.hasPrefix("dev.") || $0.hasPrefix("test.") }
    results =
      summary.map { key in Row(key: key, values: outcomes.map { $0[key] }) }.filter { $0.values.contains { $0 != nil } }
      + scores.filter { !$0.isOfOneType } + scores.filter(\.isOfOneType)
  }

  private static func rows(_ runs: [[String: JSON]], where isIncluded: (String) -> Bool) -> [Row] {
    let keys = runs.reduce(into: Set<String>()) { $0.formUnion($1.keys) }.filter(isIncluded)
    return keys.sorted().map { key in Row(key: key, values: runs.map { $0[key] }) }
  }

  package var json: JSON {
    func object(_ rows: [Row]) -> JSON {
      .object(.init(uniqueKeysWithValues: rows.map { ($0.key, .array($0.values.map { $0 ?? .null })) }))
    }
    return [
      "runs": .array(runs.map { .string($0.path) }), "settings": object(settings), "results": object(results),
    ]
  }
}

extension RunComparison.Row {
  package var isOfOneType: Bool { key.contains(".per_type.") || key.contains(".per_class.") }
}
