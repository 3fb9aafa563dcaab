/// Runs on a full disk: the error message, and resuming after space was freed.
import Files
import Foundation
import TestSupport
import Testing

/// A file that fills a disk except for `free` bytes.
private struct Filler {
  let path: String

  init(_ folder: String, leaving free: Int) throws {
    path = folder + "/filler"
    let count = max(0, (freeSpace(at: folder) ?? 0) - free)
    #expect(FileManager.default.createFile(atPath: path, contents: Data(count: count)))
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// A full fine-tuning run on a small disk, killed after its second snapshot, and the weights of an undisturbed run.
private struct KilledRun {
  let program: Program
  let disk: TinyDisk
  let arguments: [String]
  let expected: Data
  var output: String { disk.folder.path + "/run" }
  var files: [String] { (try? FileManager.default.subpathsOfDirectory(atPath: output)) ?? [] }

  init() throws {
    program = try Program()
    disk = try #require(TinyDisk(kilobytes: 4096))
    arguments = ["run", "recipe.json", #"method={"type":"full"}"#, "training.epochs=40"]
    try program.run(arguments + ["output=whole"])
    expected = try readFile(program.folder + "/whole/model/model.safetensors")
    let process = try program.start(arguments + ["output=\(output)", "training.save_steps=7"])
    while program.snapshots(output).count < 2 { usleep(500) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  func resume(saveSteps: Int) throws -> Program.Result {
    try program.run(arguments + ["output=\(output)", "training.save_steps=\(saveSteps)", "--resume"])
  }

  func checkResult() throws {
    let last = try resume(saveSteps: 1000)
    #expect(last.status == 0, "\(last.err)")
    #expect(try readFile(output + "/model/model.safetensors") == expected)
    #expect(!files.contains { $0.contains(".tmp") || $0.hasPrefix("snapshots") })
  }
}

@Suite(.serialized, .enabled(if: TinyDisk.isPermitted, "mounting needs root")) struct FullDiskTests {
  @Test(arguments: [(7, "snapshots/step-"), (1000, "model.safetensors")])
  func `a full disk at a snapshot or at the end is an error, and the run can be resumed`(
    _ saveSteps: Int, _ file: String
  ) throws {
    let run = try KilledRun()
    defer { run.program.remove() }
    let newest = run.program.snapshots(run.output).last ?? "none"
    let filler = try Filler(run.disk.folder.path, leaving: 100_000)
    let full = try run.resume(saveSteps: saveSteps)
    #expect(full.status == 1 && full.err.contains("No space left on device"), "\(full.err)")
    #expect(full.err.contains(file) && full.err.contains("It needs ") && full.err.contains("--resume"), "\(full.err)")
    let step = Int(newest.dropFirst("step-".count).prefix(8)) ?? 0
    #expect(full.err.contains("The snapshot of step \(step) is intact"), "\(full.err)")
    #expect(run.program.snapshots(run.output).last == newest)
    #expect(!run.files.contains { $0.contains(".tmp") || $0.contains(".old") }, "\(run.files)")
    filler.remove()
    try run.checkResult()
  }

  @Test func `a full disk while writing the log leaves complete lines`() throws {
    let run = try KilledRun()
    defer { run.program.remove() }
    let filler = try Filler(run.disk.folder.path, leaving: 8192)
    let full = try run.program.run(
      run.arguments + ["output=\(run.output)", "training.logging_steps=1", "--resume"])
    #expect(full.status == 1 && full.err.contains("metrics.jsonl: cannot be written (No space"), "\(full.err)")
    let text = try readText(run.output + "/metrics.jsonl")
    #expect(text.hasSuffix("}\n"))
    for line in text.split(separator: "\n") { _ = try JSON(parsing: .init(line.utf8), named: "line") }
    filler.remove()
    try run.checkResult()
  }
}
