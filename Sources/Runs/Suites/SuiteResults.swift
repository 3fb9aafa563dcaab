/// What a suite's benchmark has shown: of every set its score or why it has none, and the suite's score.
package import Files
package import Recipes

package struct SuiteResults {
  package let suite: PreparedSuite
  package let score: SuiteScore
  /// Of each set of the suite that is in the benchmark.
  package let rows: [String: BenchResults.Row]
  /// What is not as the suite prescribes: settings, and sizes of sets.
  package let departures: [String]
  package let isQuick: Bool
  /// The suite, method and base: "BLURB: lora on biobert".
  package let about: String
  private let output: String

  package init(_ suite: PreparedSuite, _ results: BenchResults, isQuick: Bool, departures: [String]) {
    (self.suite, self.isQuick, self.departures, output) = (suite, isQuick, departures, results.output)
    about = results.about ?? suite.suite.name
    rows = Dictionary(results.rows.map { ($0.row.task, $0) }) { first, _ in first }
    // A set with a failed seed has no score: the mean of the others is not by the rules.
    let scores = suite.suite.sets.compactMap { [rows] set in
      rows[set.name].flatMap { $0.status == "completed" ? $0.score(set.metric) : nil }.map { (set.name, $0.mean) }
    }
    score = SuiteScore(suite.suite, Dictionary(scores) { first, _ in first })
  }

  /// Why the score is not one to compare with others'; nil: it is by the suite's rules.
  package var reservation: String? {
    if isQuick { return "a quick look, not a \(suite.suite.name) score" }
    return departures.isEmpty ? nil : "not by the suite's rules: \(departures.joined(separator: ", "))"
  }

  /// Writes `blurb.json` into the benchmark's folder; returns its path.
  package func save() throws -> String {
    let path = "\(output)/\(suite.suite.name.lowercased()).json"
    try writeFile(withoutPaths(json).text() + "\n", to: path)
    return path
  }

  package var json: JSON {
    [
      "suite": .string(suite.suite.name), "about": .string(about), "quick": .bool(isQuick),
      "departures": .array(departures.map(JSON.string)),
      "sets": .array(zip(suite.suite.sets, suite.states).map(json)),
      "types": .array(
        score.types.map { type in
          [
            "type": .string(type.name), "mean": type.mean.map(JSON.double) ?? .null, "sets": .int(type.complete),
            "of": .int(type.count),
          ]
        }),
      "score": isQuick ? .null : score.value.map(JSON.double) ?? .null, "sets_completed": .int(score.complete),
      "sets_total": .int(score.count),
    ]
  }

  private func json(_ set: SuiteSet, _ state: PreparedSuite.State) -> JSON {
    var members: [String: JSON] = [
      "name": .string(set.name), "type": .string(set.type), "metric": .string(set.metric),
    ]
    switch state {
    case .missing(let names):
      members["status"] = "missing"
      members["looked_for"] = .array(names.map(JSON.string))
    case .refused(let why):
      members["status"] = "refused"
      members["why"] = .string(why)
    case .found(let found):
      members["folder"] = .string(found.folder)
      members["sizes"] = .array(found.sizes.map(JSON.int))
      members["difference"] = found.difference.map(JSON.string) ?? .null
      let row = rows[set.name]?.json.object ?? ["status": "left out"]
      for key in ["status", "interval", "settings", "failures"] { members[key] = row[key] }
      members["score"] = row["scores"]?[set.metric]
    }
    return .object(members)
  }
}
