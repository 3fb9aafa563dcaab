/// Tests that the run index agrees with the run folders: many writers, damage, other versions, and runs that change.
import Dispatch
import Files
import FoundationEssentials
import GRDB
import Glibc
import TestSupport
import Testing

@testable import Runs

struct RunSearchTests {
  let folder = RunsFolder()
  private var index: String { folder.path + "/" + RunIndex.name }

  /// The status of each run, and the notes.
  private func search(rescan: Bool = false) -> (statuses: [String: String], notes: [String]) {
    var notes: [String] = []
    let runs = findRuns(under: folder.path, rescan: rescan) { notes.append($0) }
    return (.init(uniqueKeysWithValues: runs.map { (lastPathComponent($0.path), $0.status) }), notes)
  }

  @Test func `a record read from the index equals the record read from the folder`() throws {
    try folder.add("a", f1: 0.5)
    #expect(indexRun(folder.path + "/a", .ended) == nil)
    let records = try RunIndex(of: folder.path).records()
    #expect(try records == ["a": RunRecord(folder: folder.path + "/a")])
    #expect(records["a"]?.values["test.f1"] == 0.5 && records["a"]?.values["base"] == "mini")
    #expect(records["a"]?.values["method.target_modules"] == "query,value")
  }

  @Test func `a run that replaces an earlier one has its own settings, and none of the earlier scores`() throws {
    try folder.add("a", f1: 0.5)
    try folder.add(".a.new", seed: 2)
    try writeFile("..", to: folder.path + "/.a.new/.tune-run")
    let running = try RunRecord(folder: folder.path + "/a", state: .running)
    #expect(running.values["seed"] == 2 && running.values["test.f1"] == nil && running.status == "running")
    let ended = try RunRecord(folder: folder.path + "/a")
    #expect(ended.values["seed"] == 1 && ended.values["test.f1"] == 0.5)
  }

  @Test func `runs are found in nested folders, and each folder of runs has its own index`() throws {
    try folder.add("a", f1: 0.5)
    try folder.add("sweep/b", f1: 0.5)
    try folder.add("sweep/c")
    try folder.add("benches/bench/base/task/method/d")
    #expect(search().statuses == ["a": "completed", "b": "completed", "c": "failed", "d": "failed"])
    #expect(fileExists(index) && fileExists(folder.path + "/sweep/" + RunIndex.name))
    #expect(try RunIndex(of: folder.path).records().keys.sorted() == ["a"])
  }

  @Test(arguments: ["damaged", "a damaged page", "truncated", "not a database", "newer version"])
  func `an unusable index is created again from the folders`(_ damage: String) throws {
    try folder.add("a", f1: 0.5)
    _ = search()
    var bytes = Array(try readFile(index))
    switch damage {
    case "damaged": for offset in 100..<bytes.count { bytes[offset] = UInt8(truncatingIfNeeded: offset &* 31) }
    case "a damaged page": for offset in 4100..<4900 { bytes[offset] = 0xFF }
    case "truncated": bytes = Array(bytes.prefix(700))
    case "not a database": bytes = Array("a text file that is longer than the header of a SQLite database".utf8)
    default: try DatabaseQueue(path: index).write { try $0.execute(sql: "PRAGMA user_version = 99; DROP TABLE run") }
    }
    if damage != "newer version" { try writeFile(Data(bytes), to: index) }
    let result = search()
    #expect(result.statuses == ["a": "completed"] && result.notes == [])
    #expect(try RunIndex(of: folder.path).records().count == 1)
  }

  @Test func `without an index the folders are read, and each failure gives a note`() throws {
    try folder.add("a", f1: 0.5)
    try makeFolder(index + "/in the way")
    let result = search()
    #expect(result.statuses == ["a": "completed"] && result.notes.count == 1)
    #expect(indexRun(folder.path + "/a", .running)?.contains("was not updated") == true)
    #expect(indexRun(folder.path + "/nowhere", .running) != nil)
  }

  @Test func `runs that are removed, added, ended or restarted without the index are noticed`() throws {
    try folder.add("a", f1: 0.5)
    try folder.add("b", f1: 0.5)
    _ = search()
    try FileManager.default.removeItem(atPath: folder.path + "/a")
    try folder.add("c", f1: 0.5)
    try writeFile("unfinished\n", to: folder.path + "/b/.tune-run")
    #expect(search().statuses == ["b": "failed", "c": "completed"])
    #expect(try RunIndex(of: folder.path).records().keys.sorted() == ["b", "c"])
    try writeFile("", to: folder.path + "/b/snapshot.safetensors")
    #expect(search(rescan: true).statuses == ["b": "interrupted", "c": "completed"])
  }

  @Test func `a run is running while its folder is locked, whatever the index has`() throws {
    try folder.add("a")
    let marker = open(folder.path + "/a/.tune-run", O_RDWR)
    #expect(flock(marker, LOCK_EX) == 0)
    #expect(search().statuses == ["a": "running"])
    close(marker)
    #expect(search().statuses == ["a": "failed"])
  }

  @Test func `the reason of a failure is stored until the run's folder changes`() throws {
    try folder.add("a")
    #expect(indexRun(folder.path + "/a", .failed(why: "the disk is full")) == nil)
    func why() -> String? { findRuns(under: folder.path) { _ in }.first?.why }
    #expect(why() == "the disk is full")
    try folder.add("a", f1: 0.5)
    #expect(why() == nil)
  }

  @Test func `all concurrent writers succeed, also when they create the index`() throws {
    let names = (0..<12).map { "run-\($0)" }
    for name in names { try folder.add(name, f1: 0.5) }
    let path = folder.path
    DispatchQueue.concurrentPerform(iterations: names.count) { number in
      for state in [RunRecord.State.running, .ended] { #expect(indexRun("\(path)/\(names[number])", state) == nil) }
    }
    let records = try RunIndex(of: path).records()
    #expect(Set(records.keys) == Set(names) && records.values.allSatisfy { $0.status == "completed" })
  }
}
