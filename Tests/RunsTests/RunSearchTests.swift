/// The index against the folders it stands for: many writers, damage, other versions, and runs that change behind it.
import Dispatch
import Files
import FoundationEssentials
import GRDB
import Glibc
import TestSupport
import Testing

@testable import Runs

struct RunSearchTests {
  let shelf = Shelf()
  private var index: String { shelf.path + "/" + RunIndex.name }

  /// The runs and what was said about them.
  private func search(rescan: Bool = false) -> (states: [String: String], notes: [String]) {
    var notes: [String] = []
    let runs = findRuns(under: shelf.path, rescan: rescan) { notes.append($0) }
    return (.init(uniqueKeysWithValues: runs.map { (lastPathComponent($0.path), $0.status) }), notes)
  }

  @Test func `a record comes back from the index as it went in, and one from the folder is the same`() throws {
    try shelf.add("a", f1: 0.5)
    #expect(indexRun(shelf.path + "/a", .ended) == nil)
    let kept = try RunIndex(of: shelf.path).records()
    #expect(try kept == ["a": RunRecord(folder: shelf.path + "/a")])
    #expect(kept["a"]?.values["test.f1"] == 0.5 && kept["a"]?.values["base"] == "mini")
    #expect(kept["a"]?.values["method.target_modules"] == "query,value")
  }

  @Test func `runs are found at any depth, and each folder of runs has an index of its own`() throws {
    try shelf.add("a", f1: 0.5)
    try shelf.add("sweep/b", f1: 0.5)
    try shelf.add("sweep/c")
    #expect(search().states == ["a": "completed", "b": "completed", "c": "failed"])
    #expect(fileExists(index) && fileExists(shelf.path + "/sweep/" + RunIndex.name))
    #expect(try RunIndex(of: shelf.path).records().keys.sorted() == ["a"])
  }

  @Test(arguments: ["damaged", "a damaged page", "cut", "no database", "newer version"])
  func `an index that is no use is made anew from the folders`(_ harm: String) throws {
    try shelf.add("a", f1: 0.5)
    _ = search()
    var bytes = Array(try readFile(index))
    switch harm {
    case "damaged": for place in 100..<bytes.count { bytes[place] = UInt8(truncatingIfNeeded: place &* 31) }
    case "a damaged page": for place in 4100..<4900 { bytes[place] = 0xFF }
    case "cut": bytes = Array(bytes.prefix(700))
    case "no database": bytes = Array("nothing of the kind, but long enough to have a header of its own".utf8)
    default: try DatabaseQueue(path: index).write { try $0.execute(sql: "PRAGMA user_version = 99; DROP TABLE run") }
    }
    if harm != "newer version" { try writeFile(Data(bytes), to: index) }
    let found = search()
    #expect(found.states == ["a": "completed"] && found.notes == [])
    #expect(try RunIndex(of: shelf.path).records().count == 1)
  }

  @Test func `where there can be no index, the folders are read, and a run is told in a note`() throws {
    try shelf.add("a", f1: 0.5)
    try makeFolder(index + "/in the way")
    let found = search()
    #expect(found.states == ["a": "completed"] && found.notes.count == 1)
    #expect(indexRun(shelf.path + "/a", .running)?.contains("was left out") == true)
    #expect(indexRun(shelf.path + "/nowhere", .running) != nil)
  }

  @Test func `what happens behind the index is seen: runs that go, come, end, or begin again`() throws {
    try shelf.add("a", f1: 0.5)
    try shelf.add("b", f1: 0.5)
    _ = search()
    try FileManager.default.removeItem(atPath: shelf.path + "/a")
    try shelf.add("c", f1: 0.5)
    try writeFile("unfinished\n", to: shelf.path + "/b/.tune-run")
    #expect(search().states == ["b": "failed", "c": "completed"])
    #expect(try RunIndex(of: shelf.path).records().keys.sorted() == ["b", "c"])
    try writeFile("", to: shelf.path + "/b/snapshot.safetensors")
    #expect(search(rescan: true).states == ["b": "interrupted", "c": "completed"])
  }

  @Test func `a run is running as long as its folder is held, whatever the index says`() throws {
    try shelf.add("a")
    let marker = open(shelf.path + "/a/.tune-run", O_RDWR)
    #expect(flock(marker, LOCK_EX) == 0)
    #expect(search().states == ["a": "running"])
    close(marker)
    #expect(search().states == ["a": "failed"])
  }

  @Test func `why a run failed is remembered until its folder changes`() throws {
    try shelf.add("a")
    #expect(indexRun(shelf.path + "/a", .failed(why: "the disk is full")) == nil)
    func why() -> String? { findRuns(under: shelf.path) { _ in }.first?.why }
    #expect(why() == "the disk is full")
    try shelf.add("a", f1: 0.5)
    #expect(why() == nil)
  }

  @Test func `many writers at once all get in, also where the index has yet to be made`() throws {
    let names = (0..<12).map { "run-\($0)" }
    for name in names { try shelf.add(name, f1: 0.5) }
    let path = shelf.path
    DispatchQueue.concurrentPerform(iterations: names.count) { number in
      for state in [RunRecord.State.running, .ended] { #expect(indexRun("\(path)/\(names[number])", state) == nil) }
    }
    let records = try RunIndex(of: path).records()
    #expect(Set(records.keys) == Set(names) && records.values.allSatisfy { $0.status == "completed" })
  }
}
