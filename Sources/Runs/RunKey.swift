/// A setting or a figure of runs by a name that is short where that is clear: `rank` is `method.rank`, `f1` is `test.f1`,
/// and `dev.f1` of a run without a test split.
public import Files

public struct RunKey: Sendable {
  /// As the user wrote it.
  public let name: String
  /// Names of facts, of which the first that a run has counts.
  private let keys: [String]

  public enum Fault: Error, Equatable, CustomStringConvertible {
    case unknown(String, nearest: String?)
    case ambiguous(String, among: [String])

    public var description: String {
      switch self {
      case .unknown(let key, let nearest):
        "No run has '\(key)'."
          + (nearest.map { " Did you mean '\($0)'?" } ?? " 'tune runs --json' shows what runs have.")
      case .ambiguous(let key, let among):
        "'\(key)' may be \(among.joined(separator: " or ")). Write one of these in full."
      }
    }
  }

  private static let short = [
    "method": "method.type", "task": "task.type", "parameters": "trainable_parameters", "seconds": "train_seconds",
    "memory": "peak_memory_bytes", "best": "best.value",
  ]

  /// - Parameter runs: where what a short name stands for is looked up.
  public init(_ name: String, in runs: [RunRecord]) throws(Fault) {
    self.name = name
    let known = runs.reduce(into: Set<String>()) { $0.formUnion($1.values.keys) }
    let full = Self.short[name] ?? name, scores = ["test.\(name)", "dev.\(name)"].filter(known.contains)
    let endings = known.filter { $0.hasSuffix(".\(name)") }.sorted()
    if runs.isEmpty || known.contains(full) || Self.short[name] != nil {
      keys = [full]
    } else if !scores.isEmpty {
      keys = scores
    } else if endings.count == 1 {
      keys = endings
    } else if endings.isEmpty {
      let lasts = known.compactMap { $0.split(separator: ".").last.map(String.init) }
      throw .unknown(name, nearest: nearest(to: name, among: known.union(lasts).sorted()))
    } else {
      throw .ambiguous(name, among: endings)
    }
  }

  public func value(of run: RunRecord) -> JSON? { keys.lazy.compactMap { run.values[$0] }.first }

  /// The better first: less loss, perplexity, time and memory and fewer parameters, and more of anything else. Texts
  /// come after numbers, in their order, and runs without the value last; equals stay as they are.
  public func bestFirst(_ runs: [RunRecord]) -> [RunRecord] {
    let order = runs.indices.sorted { isBetter(runs[$0], runs[$1]) ?? ($0 < $1) }
    return order.map { runs[$0] }
  }

  /// nil: neither is.
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
    let full = keys.first { run.values[$0] != nil } ?? name
    let metric = full == "best.value" ? run.values["best.metric"]?.string ?? "" : lastPart(full)
    return ["loss", "perplexity", "train_seconds", "peak_memory_bytes", "trainable_parameters", "total_parameters"]
      .contains(metric)
  }
}

private func lastPart(_ key: String) -> String { key.split(separator: ".").last.map(String.init) ?? key }

/// A leaf as a user writes it.
func text(_ value: JSON) -> String { value.string ?? value.text(pretty: false) }
