/// Resolves the name of a setting or a result of runs. Unambiguous short names are accepted: `rank` is `method.rank`.
/// A score without its split is the score on dev, so that runs are never selected on test by accident.
package import Files
import Tasks

package struct RunKey: Sendable {
  /// As the user wrote it, with the split of a score: `rank`, `dev.f1`.
  package let name: String
  /// The key in `RunRecord.values`.
  private let key: String

  package enum Fault: Error, Equatable, CustomStringConvertible {
    case unknown(String, nearest: String?)
    case ambiguous(String, among: [String])
    case onlyOnTest(String, key: String)

    package var description: String {
      switch self {
      case .unknown(let key, let nearest):
        "No run has '\(key)'."
          + (nearest.map { " Did you mean '\($0)'?" } ?? " 'tune runs --json' lists the keys of each run.")
      case .ambiguous(let key, let among):
        "'\(key)' is ambiguous: \(among.joined(separator: " or ")). Write one of these in full."
      case .onlyOnTest(let key, let full):
        "'\(key)' is a score on dev, and no run has one. Write '\(full)' for the score on test."
      }
    }
  }

  private static let shortNames = [
    "method": "method.type", "task": "task.type", "parameters": "trainable_parameters", "seconds": "train_seconds",
    "memory": "peak_memory_bytes", "best": "best.value",
  ]

  /// - Parameter runs: the runs in whose keys a short name is looked up.
  package init(_ name: String, in runs: [RunRecord]) throws(Fault) {
    let known = runs.reduce(into: Set<String>()) { $0.formUnion($1.values.keys) }
    if runs.isEmpty || known.contains(name) || Self.shortNames[name] != nil {
      (self.name, key) = (name, Self.shortNames[name] ?? name)
      return
    }
    let matches = known.filter { $0.hasSuffix(".\(name)") }.sorted()
    let settings = matches.filter { !$0.isScore }
    let dev = matches.filter { $0.hasPrefix(devPrefix) }, test = matches.filter { $0.hasPrefix(testPrefix) }
    if let score = dev.first(where: { $0 == devPrefix + name }) ?? (dev.count == 1 && settings.isEmpty ? dev[0] : nil) {
      (self.name, key) = (score, score)
    } else if settings.count == 1, dev.isEmpty {
      (self.name, key) = (name, settings[0])
    } else if settings.isEmpty, dev.isEmpty, !test.isEmpty {
      throw .onlyOnTest(name, key: test.first { $0 == testPrefix + name } ?? test[0])
    } else if matches.isEmpty {
      let lastComponents = known.compactMap { $0.split(separator: ".").last.map(String.init) }
      throw .unknown(name, nearest: nearest(to: name, among: known.union(lastComponents).sorted()))
    } else {
      throw .ambiguous(name, among: settings + dev)
    }
  }

  package func value(of run: RunRecord) -> JSON? { run.values[key] }

  /// Whether the run has ended and cannot be selected by this key, because no evaluation on dev gave it a value.
  package func lacksDevScore(_ run: RunRecord) -> Bool {
    guard ["completed", "stopped_early"].contains(run.status), value(of: run) == nil else { return false }
    return key == "best.value" || key.hasPrefix(devPrefix) && !run.values.keys.contains { $0.hasPrefix(devPrefix) }
  }

  /// Sorts the best run first: for loss, perplexity, time, memory and parameters the lowest value, otherwise the
  /// highest. Texts come after numbers, in ascending order, and runs without the value last; equal runs keep their
  /// order.
  package func bestFirst(_ runs: [RunRecord]) -> [RunRecord] {
    let order = runs.indices.sorted { isBetter(runs[$0], runs[$1]) ?? ($0 < $1) }
    return order.map { runs[$0] }
  }

  /// nil: they are equal.
  private func isBetter(_ a: RunRecord, _ b: RunRecord) -> Bool? {
    let (first, second) = (value(of: a), value(of: b))
    if first == second { return nil }
    guard let first else { return false }
    guard let second else { return true }
    return switch (first.number, second.number) {
    case (let first?, let second?): first == second ? nil : lowerIsBetter(a) == (first < second)
    case (nil, nil): text(first) < text(second)
    case (let first, _): first != nil
    }
  }

  private func lowerIsBetter(_ run: RunRecord) -> Bool {
    let metric = key == "best.value" ? run.values["best.metric"]?.string ?? "" : lastComponent(key)
    let costs = ["train_seconds", "peak_memory_bytes", "trainable_parameters", "total_parameters"]
    return costs.contains(metric) || TaskType.metric(named: metric)?.higherIsBetter == false
  }
}

private let devPrefix = "dev.", testPrefix = "test."

extension String {
  /// Whether this key of `RunRecord.values` is a score.
  fileprivate var isScore: Bool { hasPrefix(devPrefix) || hasPrefix(testPrefix) }
}

private func lastComponent(_ key: String) -> String { key.split(separator: ".").last.map(String.init) ?? key }

/// A value as a user writes it in a condition.
func text(_ value: JSON) -> String { value.string ?? value.text(pretty: false) }
