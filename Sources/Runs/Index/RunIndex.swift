/// The index of the runs in a folder: a SQLite file beside them. It has copies of what the run folders contain, so that
/// listing hundreds of runs does not read hundreds of files. Where the two differ, the run folder is right.
import Files
import FoundationEssentials
import GRDB

/// Any number of processes may use an index at once: each waits for the others' transactions, which take milliseconds.
/// It uses SQLite's rollback journal, so no second file remains, also if a process is killed.
struct RunIndex {
  static let name = ".tune-runs.sqlite"
  /// The version of the schema; an index of another version is created again.
  private static let version = 2
  private let folder: String
  private let queue: DatabaseQueue

  private enum Fault: Error { case otherVersion, damaged }

  /// Opens the index of the runs in `folder`. An index that is missing, damaged or of another version is created empty.
  init(of folder: String) throws {
    let path = folder + "/" + Self.name
    self.folder = folder
    do {
      queue = try Self.open(path)
    } catch {
      guard Self.isUnusable(error) else { throw error }
      for suffix in ["", "-journal", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
      queue = try Self.open(path)
    }
  }

  private static func open(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.write { database in
      // Opening reads the first page only; another page may be damaged.
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

  private static func isUnusable(_ error: any Error) -> Bool {
    if error is Fault { return true }
    let code = (error as? DatabaseError)?.resultCode
    return code == .SQLITE_NOTADB || code == .SQLITE_CORRUPT
  }

  /// All runs in the index by folder name.
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

  /// Inserts or replaces `records`, and deletes those of the folders `removed`, in one transaction.
  func update(_ records: [RunRecord], removed: [String] = []) throws {
    try queue.write { database in
      for record in records {
        try database.execute(
          sql: "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?)",
          arguments: [
            lastPathComponent(record.path), record.status, record.started, record.why, record.stamp,
            record.recipe.text(pretty: false), record.result.text(pretty: false),
          ])
      }
      for name in removed { try database.execute(sql: "DELETE FROM run WHERE name = ?", arguments: [name]) }
    }
  }
}
