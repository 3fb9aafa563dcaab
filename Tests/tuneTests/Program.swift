/// Runs the built `tune` in a temporary folder with data and a recipe.
import Files
import Foundation
import TestSupport
import Testing

/// The program and its temporary folder.
struct Program {
  let folder: String

  init() throws {
    // A shell lets its background jobs ignore Ctrl-C, and a program that begins so keeps it so.
    signal(SIGINT, SIG_DFL)
    folder = FileManager.default.temporaryDirectory.path + "/tune-cli-\(UInt64.random(in: 0...UInt64.max))"
    try makeFolder(folder)
    try FileManager.default.copyItem(atPath: fixture("tiny-bert"), toPath: folder + "/base")
    for (name, count, seed) in [("train", 60, 1), ("dev", 20, 2), ("test", 20, 3)] {
      try writeFile(Self.corpus(count, seed), to: "\(folder)/\(name).tsv")
    }
    try writeFile(Self.recipe, to: folder + "/recipe.json")
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  /// Sentences of letters, in which `b` and `c` are entities.
  private static func corpus(_ count: Int, _ seed: Int) -> String {
    (0..<count).map { sentence in
      (0..<4 + sentence % 9).map { position in
        let letter = "abcdefg".map(String.init)[(sentence * 7 + position * 3 + seed) % 7]
        return letter + "\t" + (letter == "b" ? "B-A" : letter == "c" ? "B-B" : "O") + "\n"
      }.joined()
    }.joined(separator: "\n")
  }

  private static let recipe = """
    {
      "about": "letters", "seed": 3, "model": {"path": "base"}, "task": {"type": "token_classification"},
      "data": {"format": "conll", "train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"},
      "method": {"type": "lora", "rank": 4, "target_modules": "all-linear"},
      "training": {"epochs": 3, "batch_size": 8, "learning_rate": 0.01}, "output": "run"
    }
    """

  /// The path of the program, which is in the same folder as the test bundle.
  static var path: String {
    Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent().path + "/tune" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
      ?? (ProcessInfo.processInfo.arguments[0] as NSString).deletingLastPathComponent + "/tune"
  }

  struct Result {
    let out, err: String
    let status: Int32
  }

  @discardableResult
  func run(_ arguments: String..., input: String = "") throws -> Result { try run(arguments, input: input) }

  @discardableResult
  func run(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws -> Result {
    try run(Self.path, arguments, input: input, environment: environment)
  }

  /// Runs a line of a shell that finds the program as `tune`. A pipe fails if one of its commands does.
  func shell(_ line: String, environment: [String: String] = [:]) throws -> Result {
    let path =
      (Self.path as NSString).deletingLastPathComponent + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    return try run(
      "/bin/bash", ["-o", "pipefail", "-c", line],
      environment: environment.merging(["PATH": path]) { first, _ in first })
  }

  private func run(
    _ executable: String, _ arguments: [String], input: String = "", environment: [String: String]
  ) throws -> Result {
    let (process, out, standardInput) = (Process(), Pipe(), Pipe())
    // A file, because a second pipe would be full while the first is read.
    let errors = TemporaryFolder(), err = errors.path + "/err"
    _ = FileManager.default.createFile(atPath: err, contents: nil)
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    (process.standardOutput, process.standardInput) = (out, standardInput)
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: err))
    try process.run()
    standardInput.fileHandleForWriting.write(Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let output = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Result(
      out: output, err: String(decoding: try readFile(err), as: UTF8.self), status: process.terminationStatus)
  }

  /// Starts the program and does not wait for its end.
  func start(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    (process.standardError, process.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    return process
  }

  /// Starts a run whose output is "cut", interrupts it with SIGTERM after its first log line, and waits for its end.
  func interrupt(_ arguments: [String]) throws {
    let process = try start(arguments)
    while !fileExists(folder + "/cut/metrics.jsonl") && process.isRunning { usleep(1000) }
    process.terminate()
    process.waitUntilExit()
    try #require(process.terminationStatus == 130)
  }

  /// Names of the snapshots of the run in `output`, oldest first.
  func snapshots(_ output: String) -> [String] {
    let folder = output.hasPrefix("/") ? output : folder + "/" + output
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/snapshots")) ?? [])
      .filter { $0.hasSuffix(".safetensors") }.sorted()
  }

  func hasSnapshot(_ output: String) -> Bool { !snapshots(output).isEmpty }

  func json(_ name: String) throws -> JSON { try JSON(path: folder + "/" + name) }
}

/// The values of lines of JSON.
func jsonLines(_ text: String) throws -> [JSON] {
  try text.split(separator: "\n").map { try JSON(parsing: .init($0.utf8), named: "line") }
}
