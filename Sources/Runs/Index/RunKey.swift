/// Resolves the name of a setting or a result of runs. Unambiguous short names are accepted: `rank` is `method.rank`,
/// `f1` is `test.f1`, or `dev.f1` of a run without a test split.
public import Files
import Tasks

public struct RunKey: Sendable {
  /// As the user wrote it.
  public let name: String
  /// Keys of `RunRecord.values`; the first one that a run has is used.
  private let keys: [String]

  public enum Fault: Error, Equatable, CustomStringConvertible {
    case unknown(String, nearest: String?)
    case ambiguous(String, among: [String])

    public var description: String {
      switch self {
      case .unknown(let key, let nearest):
        "No run has '\(key)'."
          + (nearest.map { " Did you mean '\($0)'?" } ?? " 'tune runs --json' lists the keys of each run.")
      case .ambiguous(let key, let among):
        "'\(key)' is ambiguous: \(among.joined(separator: " or ")). Write one of these in full."
      }
    }
  }

  private static let shortNames = [
    "method": "method.type", "task": "task.type", "parameters": "trainable_parameters", "seconds": "train_seconds",
    "memory": "peak_memory_bytes", "best": "best.value",
  ]

  /// - Parameter runs: the runs in whose keys a short name is looked up.
  public init(_ name: String, in runs: [RunRecord]) throws(Fault) {
    self.name = name
    let known = runs.reduce(into: Set<String>()) { $0.formUnion($1.values.keys) }
    let fullName = Self.shortNames[name] ?? name, scores = ["test.\(name)", "dev.\(name)"].filter(known.contains)
    let matches = known.filter { $0.hasSuffix(".\(name)") }.sorted()
    if runs.isEmpty || known.contains(fullName) || Self.shortNames[name] != nil {
      keys = [fullName]
    } else if !scores.isEmpty {
      keys = scores
    } else if matches.count == 1 {
      keys = matches
    } else if matches.isEmpty {
      let lastComponents = known.compactMap { $0.split(separator: ".").last.map(String.init) }
      throw .unknown(name, nearest: nearest(to: name, among: known.union(lastComponents).sorted()))
    } else {
      throw .ambiguous(name, among: matches)
    }
  }

  public func value(of run: RunRecord) -> JSON? { keys.lazy.compactMap { run.values[$0] }.first }

  /// Sorts the best run first: for loss, perplexity, time, memory and parameters the lowest value, otherwise the
  /// highest. Texts come after numbers, in ascending order, and runs without the value last; equal runs keep their
  /// order.
  public func bestFirst(_ runs: [RunRecord]) -> [RunRecord] {
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
    let key = keys.first { run.values[$0] != nil } ?? name
    let metric = key == "best.value" ? run.values["best.metric"]?.string ?? "" : lastComponent(key)
    let costs = ["train_seconds", "peak_memory_bytes", "trainable_parameters", "total_parameters"]
    return costs.contains(metric) || TaskType.metric(named: metric)?.higherIsBetter == false
  }
}

private func lastComponent(_ key: String) -> String { key.split(separator: ".").last.map(String.init) ?? key }

/// A value as a user writes it in a condition.
func text(_ value: JSON) -> String { value.string ?? value.text(pretty: false) }
