/// A line of metrics.jsonl as what its other forms show: a step or an evaluation with named figures. Scores of single
/// entity types are left out: metrics.jsonl has them.
import Files

struct LogLine: Equatable {
  /// "train" for a step, the split's name for an evaluation.
  let part: String
  let event: String
  let step: Int
  /// Seconds since 1970 when the line was written.
  let time: Double
  /// Numbers and booleans by name, in the names' order; members of an object have its name before theirs: `macro.f1`.
  let values: [(name: String, value: JSON)]

  static func == (a: LogLine, b: LogLine) -> Bool {
    (a.part, a.event, a.step, a.time) == (b.part, b.event, b.step, b.time)
      && a.values.elementsEqual(b.values) { $0 == $1 }
  }
}

/// Reads lines in their order; the speed of a step is that since the step before.
struct LineReader {
  private var tokens = 0.0
  private var seconds = 0.0

  /// nil: the line is neither a step nor an evaluation.
  mutating func read(_ json: JSON) -> LogLine? {
    guard var members = json.object, let event = json["event"]?.string, let step = json["step"]?.int else { return nil }
    let part: String
    switch event {
    case "step":
      part = "train"
      members["tokens_per_second"] = speed(json).map(JSON.double)
    case "evaluation":
      part = json["split"]?.string ?? "dev"
      for (name, value) in json["metrics"]?.object ?? [:] { members[name] = value }
    default: return nil
    }
    // A log of an earlier version says how long the run had lasted, and not when that was.
    let time = (json["unix_seconds"] ?? json["seconds"])?.number ?? 0
    for name in ["event", "split", "step", "unix_seconds", "metrics", "per_type"] { members[name] = nil }
    let figures = figures(of: .object(members), named: "").sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    return LogLine(part: part, event: event, step: step, time: time, values: figures)
  }

  private mutating func speed(_ json: JSON) -> Double? {
    guard let tokens = json["tokens"]?.number, let seconds = json["seconds"]?.number else { return nil }
    defer { (self.tokens, self.seconds) = (tokens, seconds) }
    return seconds > self.seconds ? (tokens - self.tokens) / (seconds - self.seconds) : nil
  }
}

private func figures(of json: JSON, named name: String) -> [(name: String, value: JSON)] {
  switch json {
  case .object(let members):
    members.flatMap { key, value in figures(of: value, named: joinKeyPath(name, key)) }
  case .int, .double, .bool: [(name, json)]
  // How JSON has what is no number.
  case "NaN", "Infinity", "-Infinity": [(name, .double(Double(json.string ?? "") ?? .nan))]
  default: []
  }
}
