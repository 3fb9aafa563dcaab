/// Exports a run's log for other programs: metrics.csv and TensorBoard's event file. Does not write metrics.jsonl, from
/// which they are derived.
package import Files
import FoundationEssentials

/// The exports are written again from metrics.jsonl when a run starts or resumes, so only that file must be truncated
/// on resume. Then each line is added to them.
/// ```swift
/// let exports = try LogExports(of: "runs/x/metrics.jsonl", tensorboard: false, csv: true, recipe: recipe.json)
/// let line = (["event": "step", "step": 1, "loss": 0.7] as JSON).withTimestamp()
/// try exports.add(line)   // after it was added to metrics.jsonl
/// ```
package final class LogExports {
  private let file: String
  private let folder: String
  private var reader = LineReader()
  private var csv: CSVLog?
  /// The path of TensorBoard's file.
  private var eventFile: String?

  /// Writes the enabled exports of `file`, which may be missing, and removes the others.
  /// - Parameter now: seconds since 1970.
  package init(of file: String, tensorboard: Bool, csv: Bool, recipe: JSON, now: Double = secondsNow()) throws {
    self.file = file
    folder = parentFolder(of: file)
    let lines = try readAll()
    if csv { self.csv = try CSVLog(at: folder + "/metrics.csv", lines) } else { remove("metrics.csv") }
    try replaceEventFile(isEnabled: tensorboard, lines, recipe, now)
  }

  /// Adds a line that was added to metrics.jsonl.
  package func add(_ line: JSON) throws {
    guard let entry = reader.read(line) else { return }
    if let eventFile { try appendFile(TensorBoardEvent.scalars(entry), to: eventFile) }
    if let csv {
      if csv.hasColumns(for: entry) {
        try csv.add(entry)
      } else {
        self.csv = try CSVLog(at: folder + "/metrics.csv", try readAll())
      }
    }
  }

  /// The complete lines of the file. Afterwards `reader` has read all of them.
  private func readAll() throws -> [LogLine] {
    reader = LineReader()
    guard fileExists(file) else { return [] }
    return try readText(file, limit: .max).split(separator: "\n").compactMap { line in
      (try? JSON(parsing: Data(line.utf8), named: file)).flatMap { reader.read($0) }
    }
  }

  /// The name is new each time: a running TensorBoard reads a new file, but ignores that a file has become shorter.
  private func replaceEventFile(isEnabled: Bool, _ lines: [LogLine], _ recipe: JSON, _ now: Double) throws {
    let prefix = "events.out.tfevents.", suffix = ".tune"
    let oldNames = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
      $0.hasPrefix(prefix) && $0.contains(suffix)  // also a temporary file of a killed run
    }
    let name = "\(prefix)\(Int(now))\(suffix)"
    if isEnabled {
      let head = TensorBoardEvent.head(time: lines.first?.time ?? now, recipe: recipe)
      try writeFile(Data(head + lines.flatMap(TensorBoardEvent.scalars)), to: folder + "/" + name)
      eventFile = folder + "/" + name
    }
    for oldName in oldNames where !isEnabled || oldName != name { remove(oldName) }
  }

  private func remove(_ name: String) { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
}

extension JSON {
  /// A line of the log with the time when it is written, `unix_seconds`.
  package func withTimestamp(_ now: Double = secondsNow()) -> JSON {
    guard var members = object else { preconditionFailure("a line of the log must be an object, not \(typeName)") }
    members["unix_seconds"] = .double(now)
    return .object(members)
  }
}

/// Seconds since 1970.
package func secondsNow() -> Double { Date().timeIntervalSince1970 }
