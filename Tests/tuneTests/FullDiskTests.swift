import Files
import Foundation
import TestSupport
import Testing

/// Fills a disk but for `free` bytes, and lets go again.
private struct Filler {
  let path: String

  init(_ folder: String, leaving free: Int) throws {
    path = folder + "/filler"
    let count = max(0, (freeSpace(at: folder) ?? 0) - free)
    #expect(FileManager.default.createFile(atPath: path, contents: Data(count: count)))
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// A full run on a disk of its own, killed when it has a snapshot; and what it leaves where nothing goes wrong.
private struct Victim {
  let program: Program
  let disk: TinyDisk
  let arguments: [String]
  let wanted: Data
  var output: String { disk.folder.path + "/run" }
  var files: [String] { (try? FileManager.default.subpathsOfDirectory(atPath: output)) ?? [] }

  init() throws {
    program = try Program()
    disk = try #require(TinyDisk(kilobytes: 4096))
    arguments = ["run", "recipe.json", #"method={"type":"full"}"#, "training.epochs=40"]
    try program.run(arguments + ["output=whole"])
    wanted = try readFile(program.folder + "/whole/model/model.safetensors")
    let process = try program.start(arguments + ["output=\(output)", "training.save_steps=7"])
    while program.snapshots(output).count < 2 { usleep(500) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  func resume(_ every: Int) throws -> Program.Result {
    try program.run(arguments + ["output=\(output)", "training.save_steps=\(every)", "--resume"])
  }

  func endsAsItShould() throws {
    let last = try resume(1000)
    #expect(last.status == 0, "\(last.err)")
    #expect(try readFile(output + "/model/model.safetensors") == wanted)
    #expect(!files.contains { $0.contains(".tmp") || $0.hasPrefix("snapshots") })
  }
}

@Suite(.serialized, .enabled(if: TinyDisk.isPermitted, "mounting needs root")) struct FullDiskTests {
  @Test(arguments: [(7, "snapshots/step-"), (1000, "model.safetensors")])
  func `a disk that is full at a snapshot, or at the end, is told, and the run goes on later`(
    _ every: Int, _ file: String
  ) throws {
    let victim = try Victim()
    defer { victim.program.remove() }
    let newest = victim.program.snapshots(victim.output).last ?? "none"
    let filler = try Filler(victim.disk.folder.path, leaving: 60_000)
    let full = try victim.resume(every)
    #expect(full.status == 1 && full.err.contains("No space left on device"), "\(full.err)")
    #expect(full.err.contains(file) && full.err.contains("It takes ") && full.err.contains("--resume"), "\(full.err)")
    let step = Int(newest.dropFirst("step-".count).prefix(8)) ?? 0
    #expect(full.err.contains("The snapshot of step \(step) is intact"), "\(full.err)")
    #expect(victim.program.snapshots(victim.output).last == newest)
    #expect(!victim.files.contains { $0.contains(".tmp") || $0.contains(".old") }, "\(victim.files)")
    filler.remove()
    try victim.endsAsItShould()
  }

  @Test func `a disk that is full at a line of the log leaves whole lines`() throws {
    let victim = try Victim()
    defer { victim.program.remove() }
    let filler = try Filler(victim.disk.folder.path, leaving: 8192)
    let full = try victim.program.run(
      victim.arguments + ["output=\(victim.output)", "training.logging_steps=1", "--resume"])
    #expect(full.status == 1 && full.err.contains("metrics.jsonl: cannot be written (No space"), "\(full.err)")
    let text = try readText(victim.output + "/metrics.jsonl")
    #expect(text.hasSuffix("}\n"))
    for line in text.split(separator: "\n") { _ = try JSON(parsing: .init(line.utf8), named: "line") }
    filler.remove()
    try victim.endsAsItShould()
  }
}
