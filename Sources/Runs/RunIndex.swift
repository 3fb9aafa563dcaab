/// The index of the runs that lie side by side in a folder: a SQLite file among them. It holds what their folders say,
/// so that listing hundreds of runs does not read hundreds of files; a run's folder is right where the two differ.
import Files
import FoundationEssentials
import GRDB

/// Any number of processes may use one index at once: each waits for the others' transactions, which take milliseconds.
/// The journal is SQLite's rollback journal: it leaves no second file behind, also when a process is killed.
struct RunIndex {
  static let name = ".tune-runs.sqlite"
  /// Of the table; an index with another one is made anew.
  private static let version = 1
  private let folder: String
  private let queue: DatabaseQueue

  private enum Fault: Error { case otherVersion, damaged }

  /// Opens the index of the runs in `folder`. One that is missing, damaged, or another version's is begun anew, empty.
  init(of folder: String) throws {
    let path = folder + "/" + Self.name
    self.folder = folder
    do {
      queue = try Self.open(path)
    } catch {
      guard Self.isUseless(error) else { throw error }
      for suffix in ["", "-journal", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
      queue = try Self.open(path)
    }
  }

  private static func open(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.write { database in
      // A page in the middle may be damaged where the first, which alone is read here, is not.
      guard try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok" else { throw Fault.damaged }
      let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      if found == version { return }
      guard found == 0, try !database.tableExists("run") else { throw Fault.otherVersion }
      try database.execute(
        sql: """
          CREATE TABLE run (
            name TEXT PRIMARY KEY, status TEXT NOT NULL, started TEXT NOT NULL, why TEXT, stamp TEXT NOT NULL,
            recipe TEXT NOT NULL, result TEXT NOT NULL);
          PRAGMA user_version = \(version);
          """)
    }
    return queue
  }

  private static func isUseless(_ error: any Error) -> Bool {
    if error is Fault { return true }
    let code = (error as? DatabaseError)?.resultCode
    return code == .SQLITE_NOTADB || code == .SQLITE_CORRUPT
  }

  /// All runs by the name of their folder.
  func records() throws -> [String: RunRecord] {
    let rows = try queue.read { try Row.fetchAll($0, sql: "SELECT * FROM run") }
    return try rows.reduce(into: [:]) { records, row in
      let name: String = row["name"], path = folder == "." ? name : "\(folder)/\(name)"
      func json(_ column: String) throws -> JSON {
        try JSON(parsing: Data((row[column] as String).utf8), named: "\(path), \(column)")
      }
      records[name] = RunRecord(
        path: path, status: row["status"], started: row["started"], why: row["why"], recipe: try json("recipe"),
        result: try json("result"), stamp: row["stamp"])
    }
  }

  /// Writes down `records`, which replace earlier ones of the same folders, and leaves out those `gone`; both or neither.
  func update(_ records: [RunRecord], gone: [String] = []) throws {
    try queue.write { database in
      for record in records {
        try database.execute(
          sql: "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?)",
          arguments: [
            lastPathComponent(record.path), record.status, record.started, record.why, record.stamp,
            record.recipe.text(pretty: false), record.result.text(pretty: false),
          ])
      }
      for name in gone { try database.execute(sql: "DELETE FROM run WHERE name = ?", arguments: [name]) }
    }
  }
}
