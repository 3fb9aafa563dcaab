/// Tests that the exports have the same bytes as Python's writers, whether written at once or line by line, and only
/// the lines of metrics.jsonl.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Logs

private let golden = fixture("logs")
private let eventFile = "events.out.tfevents.1700000001.tune"

struct LogExportsTests {
  let folder = TemporaryFolder()

  private var file: String { folder.path + "/metrics.jsonl" }

  private func exports(tensorboard: Bool = true, csv: Bool = true) throws -> LogExports {
    try LogExports(
      of: file, tensorboard: tensorboard, csv: csv, recipe: JSON(path: golden + "/recipe.json"), now: 1_700_000_001.25)
  }

  /// Adds a line as a run does.
  private func add(_ line: JSON, _ exports: LogExports) throws {
    try appendFile(line.text(pretty: false) + "\n", to: file)
    try exports.add(line)
  }

  private func bytes(_ name: String) throws -> [UInt8] { Array(try readFile(folder.path + "/" + name)) }

  private func lines() throws -> [String] {
    try readText(golden + "/metrics.jsonl").split(separator: "\n").map(String.init)
  }

  @Test func `both exports have the bytes that Python's csv and tensorboard's protobufs write for the same lines`()
    throws
  {
    try writeFile(readFile(golden + "/metrics.jsonl"), to: folder.path + "/metrics.jsonl")
    _ = try exports()
    for name in ["metrics.csv", eventFile] {
      #expect(try bytes(name) == Array(readFile(golden + "/" + name)), "\(name)")
    }
  }

  @Test func `exports written line by line equal exports written at once`() throws {
    let exports = try exports()
    for line in try lines() { try add(JSON(parsing: Data(line.utf8), named: "line"), exports) }
    let appended = try ["metrics.csv", eventFile].map(bytes)
    #expect(try readText(folder.path + "/metrics.csv").split(separator: "\r\n").count == 5)
    _ = try self.exports()
    #expect(try ["metrics.csv", eventFile].map(bytes) == appended)
  }

  @Test func `after metrics jsonl was truncated, the exports have its lines and continue from there`() throws {
    let remaining = try lines().prefix(2).map { $0 + "\n" }.joined()
    try writeFile("stale", to: folder.path + "/metrics.csv")
    try writeFile("stale", to: folder.path + "/events.out.tfevents.1600000000.tune")
    try writeFile("partial", to: folder.path + "/events.out.tfevents.1600000000.tune.tmp-x")
    try writeFile("foreign", to: folder.path + "/events.out.tfevents.1.host")
    try writeFile(remaining, to: folder.path + "/metrics.jsonl")
    let line: JSON = ["event": "step", "step": 9, "loss": 0.5, "tokens": 198, "seconds": 1.5]
    try add(line.withTimestamp(1_700_000_009), exports())
    let events = try EventReader.read(bytes(eventFile))
    #expect(events.map(\.step) == [0, 0, 0, 1, 8, 9])
    #expect(events[5].scalars == ["train/loss": 0.5, "train/tokens_per_second": 100])
    #expect(events[5].time == 1_700_000_009 && events[4].time == 1_700_000_002.5)
    #expect(events[2].texts["recipe/text_summary"]?.contains("süß") == true)
    #expect(events[4].scalars["dev/macro/f1"] == 0.25 && events[4].scalars["dev/per_type/A/f1"] == nil)
    #expect(
      try readText(folder.path + "/metrics.csv").split(separator: "\r\n").map { $0.split(separator: ",")[2] } == [
        "step", "1", "8", "9",
      ])
    #expect(
      folder.contents.sorted() == ["events.out.tfevents.1.host", eventFile, "metrics.csv", "metrics.jsonl"])
  }

  @Test func `a disabled export is removed, also one of an earlier run`() throws {
    try add((["event": "step", "step": 1, "loss": 1.5] as JSON).withTimestamp(), exports())
    #expect(folder.contents.count == 3)
    let none = try exports(tensorboard: false, csv: false)
    try add(["event": "step", "step": 2, "loss": 1.25], none)
    #expect(folder.contents == ["metrics.jsonl"])
  }

  @Test(.enabled(if: TinyDisk.isPermitted), arguments: [true, false])
  func `a full disk is reported by both exports`(_ tensorboard: Bool) throws {
    let disk = try #require(TinyDisk())
    let line: JSON = ["event": "step", "step": 1, "loss": 0.5]
    try appendFile(line.text(pretty: false) + "\n", to: disk.folder.path + "/metrics.jsonl")
    let exports = try LogExports(
      of: disk.folder.path + "/metrics.jsonl", tensorboard: tensorboard, csv: !tensorboard, recipe: [:])
    #expect(throws: FileFault.self) {
      for _ in 1...4000 { try exports.add(line) }
    }
  }

  @Test func `cells with commas, quotes or line breaks are quoted as in RFC 4180`() {
    #expect(row(["a", "b,c", "say \"x\"", "two\nlines", ""]) == "a,\"b,c\",\"say \"\"x\"\"\",\"two\nlines\",\r\n")
  }

  /// RFC 3720, B.4, and the check value of the Rocksoft catalogue.
  @Test(
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
      (Array(0..<32), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283),
    ] as [([UInt8], UInt32)])
  func `checksums equal the published values`(_ bytes: [UInt8], _ sum: UInt32) {
    #expect(crc32c(bytes) == sum)
  }
}
