/// The log of a run: metrics.jsonl, and what is derived from it for other programs. The only writer of these files.
public import Files
import FoundationEssentials

/// metrics.jsonl is the log; `metrics.csv` and TensorBoard's event file are the same lines in other forms. They are made
/// anew from the lines that are there when a run begins or goes on, so that nothing but metrics.jsonl has ever to be cut.
/// ```swift
/// let log = try RunLog(in: "runs/x", recipe: recipe.json, csv: true)
/// try log.add(["event": "step", "step": 1, "loss": 0.7])
/// ```
public final class RunLog {
  private let folder: String
  private let recipe: JSON
  private let now: () -> Double
  private var reader = LineReader()
  private var csv: CSVLog?
  /// The path of TensorBoard's file.
  private var events: String?

  private var file: String { folder + "/metrics.jsonl" }

  /// Derives from the lines in `folder`, if there are any, what is wanted, and removes what is not.
  /// - Parameter now: seconds since 1970; nil: the clock's.
  public init(
    in folder: String, recipe: JSON, tensorboard: Bool = false, csv: Bool = false,
    now: (() -> Double)? = nil
  ) throws {
    (self.folder, self.recipe) = (folder, recipe)
    self.now = now ?? { Date().timeIntervalSince1970 }
    let lines = try readAll()
    if csv { self.csv = try CSVLog(at: folder + "/metrics.csv", lines) } else { remove("metrics.csv") }
    try replaceEvents(wanted: tensorboard, lines)
  }

  /// Adds a line with the time of its writing.
  public func add(_ line: JSON) throws {
    guard var members = line.object else { preconditionFailure("a line of the log is an object, not \(line.kind)") }
    members["time"] = .double(now())
    let line = JSON.object(members)
    try appendFile(line.text(pretty: false) + "\n", to: file)
    guard let entry = reader.read(line) else { return }
    if let events { try appendFile(EventRecord.scalars(entry), to: events) }
    if let csv {
      if csv.fits(entry) {
        try csv.add(entry)
      } else {
        self.csv = try CSVLog(at: folder + "/metrics.csv", try readAll())
      }
    }
  }

  /// The lines of metrics.jsonl that are whole. The reader is left behind the last of them.
  private func readAll() throws -> [LogLine] {
    reader = LineReader()
    guard fileExists(file) else { return [] }
    return try readText(file).split(separator: "\n").compactMap { line in
      (try? JSON(parsing: Data(line.utf8), named: file)).flatMap { reader.read($0) }
    }
  }

  /// A new name each time: a TensorBoard that is looking takes the file up where it would not see a shorter one.
  private func replaceEvents(wanted: Bool, _ lines: [LogLine]) throws {
    let start = "events.out.tfevents.", end = ".tune"
    let old = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
      $0.hasPrefix(start) && $0.contains(end)  // also one that a killed run has left half-made
    }
    let name = "\(start)\(Int(now()))\(end)"
    if wanted {
      let head = EventRecord.head(time: lines.first?.time ?? now(), recipe: recipe)
      try writeFile(Data(head + lines.flatMap(EventRecord.scalars)), to: folder + "/" + name)
      events = folder + "/" + name
    }
    for file in old where !wanted || file != name { remove(file) }
  }

  private func remove(_ name: String) { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
}
