/// Other forms of a run's log, for other programs: metrics.csv and TensorBoard's event file. Does not write metrics.jsonl,
/// which they are derived from.
public import Files
import FoundationEssentials

/// The forms are made anew from the lines of metrics.jsonl when a run begins or goes on, so that nothing but that file has
/// ever to be cut; then each line is added as it comes.
/// ```swift
/// let forms = try LogForms(of: "runs/x/metrics.jsonl", tensorboard: false, csv: true, recipe: recipe.json)
/// let line = (["event": "step", "step": 1, "loss": 0.7] as JSON).stamped()
/// try forms.add(line)   // after it was added to metrics.jsonl
/// ```
public final class LogExports {
  private let file: String
  private let folder: String
  private var reader = LineReader()
  private var csv: CSVLog?
  /// The path of TensorBoard's file.
  private var events: String?

  /// Derives what is wanted from the lines of `file`, if there are any, and removes what is not wanted.
  /// - Parameter now: seconds since 1970.
  public init(of file: String, tensorboard: Bool, csv: Bool, recipe: JSON, now: Double = secondsNow()) throws {
    self.file = file
    folder = parentFolder(of: file)
    let lines = try readAll()
    if csv { self.csv = try CSVLog(at: folder + "/metrics.csv", lines) } else { remove("metrics.csv") }
    try replaceEvents(wanted: tensorboard, lines, recipe, now)
  }

  /// Adds a line that metrics.jsonl has got.
  public func add(_ line: JSON) throws {
    guard let entry = reader.read(line) else { return }
    if let events { try appendFile(TensorBoardEvent.scalars(entry), to: events) }
    if let csv {
      if csv.fits(entry) {
        try csv.add(entry)
      } else {
        self.csv = try CSVLog(at: folder + "/metrics.csv", try readAll())
      }
    }
  }

  /// The lines of the file that are whole. The reader is left behind the last of them.
  private func readAll() throws -> [LogLine] {
    reader = LineReader()
    guard fileExists(file) else { return [] }
    return try readText(file).split(separator: "\n").compactMap { line in
      (try? JSON(parsing: Data(line.utf8), named: file)).flatMap { reader.read($0) }
    }
  }

  /// A new name each time: a TensorBoard that is looking takes the file up where it would not see a shorter one.
  private func replaceEvents(wanted: Bool, _ lines: [LogLine], _ recipe: JSON, _ now: Double) throws {
    let start = "events.out.tfevents.", end = ".tune"
    let old = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
      $0.hasPrefix(start) && $0.contains(end)  // also one that a killed run has left half-made
    }
    let name = "\(start)\(Int(now))\(end)"
    if wanted {
      let head = TensorBoardEvent.head(time: lines.first?.time ?? now, recipe: recipe)
      try writeFile(Data(head + lines.flatMap(TensorBoardEvent.scalars)), to: folder + "/" + name)
      events = folder + "/" + name
    }
    for file in old where !wanted || file != name { remove(file) }
  }

  private func remove(_ name: String) { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
}

extension JSON {
  /// A line of the log with the time of its writing.
  public func withTimestamp(_ now: Double = secondsNow()) -> JSON {
    guard var members = object else { preconditionFailure("a line of the log is an object, not \(typeName)") }
    members["unix_seconds"] = .double(now)
    return .object(members)
  }
}

/// Since 1970.
public func secondsNow() -> Double { Date().timeIntervalSince1970 }
