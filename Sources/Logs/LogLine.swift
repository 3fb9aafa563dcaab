/// A line of metrics.jsonl as it is exported: a step or an evaluation with named values. Scores of single entity types or
/// classes, and the window of an evaluation, are not exported.
import Files

struct LogLine: Equatable {
  /// "train" for a step, the split's name for an evaluation.
  let split: String
  let event: String
  let step: Int
  /// When the line was written, in seconds since 1970.
  let time: Double
  /// Numbers and booleans, sorted by name; the name of a nested value is its key path: `macro.f1`.
  let values: [(name: String, value: JSON)]

  static func == (a: LogLine, b: LogLine) -> Bool {
    (a.split, a.event, a.step, a.time) == (b.split, b.event, b.step, b.time)
      && a.values.elementsEqual(b.values) { $0 == $1 }
  }
}

/// Reads lines in order; the speed of a step is measured from the previous step in the log.
struct LineReader {
  private var tokens = 0.0
  private var seconds = 0.0

  /// nil: the line is not a step or an evaluation.
  mutating func read(_ json: JSON) -> LogLine? {
    guard var members = json.object, let event = json["event"]?.string, let step = json["step"]?.int else { return nil }
    let split: String
    switch event {
    case "step":
      split = "train"
      members["tokens_per_second"] = speed(json).map(JSON.double)
    case "evaluation":
      split = json["split"]?.string ?? "dev"
      for (name, value) in json["metrics"]?.object ?? [:] { members[name] = value }
    default: return nil
    }
    // A log of an earlier version has only the duration of the run so far.
    let time = (json["unix_seconds"] ?? json["seconds"])?.number ?? 0
    for name in ["event", "split", "step", "unix_seconds", "metrics", "per_type", "per_class", "window"] {
      members[name] = nil
    }
    let values = namedValues(of: .object(members), at: "").sorted { precedes($0.name, $1.name) }
    return LogLine(split: split, event: event, step: step, time: time, values: values)
  }

  private mutating func speed(_ json: JSON) -> Double? {
    guard let tokens = json["tokens"]?.number, let seconds = json["seconds"]?.number else { return nil }
    defer { (self.tokens, self.seconds) = (tokens, seconds) }
    return seconds > self.seconds ? (tokens - self.tokens) / (seconds - self.seconds) : nil
  }
}

/// The numbers and booleans of a tree by key path.
private func namedValues(of json: JSON, at path: String) -> [(name: String, value: JSON)] {
  switch json {
  case .object(let members):
    members.flatMap { key, value in namedValues(of: value, at: joinKeyPath(path, key)) }
  case .int, .double, .bool: [(path, json)]
  // `JSONWriter` writes these numbers as strings.
  case "NaN", "Infinity", "-Infinity": [(path, .double(Double(json.string ?? "") ?? .nan))]
  default: []
  }
}
