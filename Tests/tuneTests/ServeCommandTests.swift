/// `tune serve` as a program: the examples of docs/serving.md, its log, its end by a signal, and options that it refuses.
import Files
import Foundation
import TestSupport
import Testing

/// The blocks of docs/serving.md in a language.
private func examples(_ language: String) throws -> [String] {
  let page = try readText(fixture("../../docs/serving.md"))
  return page.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
    $0.components(separatedBy: "```").first
  }
}

/// A running server with the adapter "ner" over the base of a `Program`.
private final class Server {
  let program: Program
  private let process = Process(), log = TemporaryFolder()
  private(set) var address = ""

  init() throws {
    program = try Program()
    try #require(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
    let path = log.path + "/log"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = ["serve", "base", "--adapter", "ner=run", "--port", "0"]
    process.currentDirectoryURL = URL(fileURLWithPath: program.folder)
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try process.run()
    for _ in 0..<600 where address.isEmpty && process.isRunning {
      Thread.sleep(forTimeInterval: 0.05)
      if let port = try readText(path).firstMatch(of: /listening on 127\.0\.0\.1:(\d+)/) {
        address = "http://127.0.0.1:\(port.1)"
      }
    }
    let text = try readText(path)
    try #require(!address.isEmpty, "\(text)")
  }

  /// What a program prints, with this server's address in its text.
  func output(_ command: [String], input: String = "") throws -> String {
    let (process, out, standardInput) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    (process.standardOutput, process.standardInput) = (out, standardInput)
    try process.run()
    standardInput.fileHandleForWriting.write(Data(input.replacing("http://127.0.0.1:8000", with: address).utf8))
    try standardInput.fileHandleForWriting.close()
    return String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  /// Sends the signal, and returns the exit status and the lines of the log.
  func stop(_ signal: Int32) throws -> (status: Int32, log: [JSON]) {
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    program.remove()
    let lines = try readText(log.path + "/log").split(separator: "\n")
    return (process.terminationStatus, try lines.map { try JSON(parsing: Data($0.utf8), named: "log") })
  }
}

@Test(arguments: [SIGTERM, SIGINT]) func `the examples of docs serving md work, and a signal ends the server`(
  _ signal: Int32
) throws {
  let server = try Server(), text = "Tolvaprine caused nausea ."
  let python = try #require(try examples("python").first)
  let printed = try server.output(["python3", "-"], input: python)
  #expect(printed.hasPrefix("["), "\(printed)")
  if try server.output(["sh"], input: "command -v curl") != "" {
    let command = try #require(try examples("sh").first { $0.hasPrefix("curl") })
    let answer = try server.output(["sh"], input: command)
    try writeFile(text + "\n", to: server.program.folder + "/text")
    let row = try server.program.run("predict", "base", "--adapter", "ner=run", "text").out
    let output = try JSON(parsing: Data(answer.utf8), named: "answer")["outputs"]?.array?.first
    #expect(try output == JSON(parsing: Data(row.utf8), named: "row"), "\(answer)")
  }
  let port = String(server.address.split(separator: ":").last ?? "")
  let second = try server.program.run("serve", "base", "--adapter", "ner=run", "--port", port)
  #expect(second.status != 0 && second.err.contains(":\(port): cannot listen: Address already in use"))
  let (status, log) = try server.stop(signal)
  #expect(status == 0)
  let requests = log.filter { $0["message"] == "request" }
  #expect(!requests.isEmpty && requests.allSatisfy { $0["route"] == "/v1/predict" && $0["status"] == 200 }, "\(log)")
  #expect(log.allSatisfy { $0["time"] != nil && $0["level"] != nil && !$0.text().contains("nausea") })
}

@Test func `options that would open the server to everyone, or limit nothing, are refused`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile("0123456789abcdef\n", to: program.folder + "/tokens")
  for (arguments, message) in [
    (["--host", "0.0.0.0"], "Give --token-file, or 127.0.0.1"), (["--port", "70000"], "expected 0 to 65535"),
    (["--max-inputs", "0"], "--max-inputs: expected at least 1"), (["--max-wait=-1"], "--max-wait: expected 0 to 1000"),
    (["--request-timeout", "0"], "--request-timeout: expected 0.01 to"), (["--adapters-dir", "none"], "none: "),
    (["--token-file", "tokens"], "chmod 600 tokens"), (["--token-file", "none"], "none: no such file"),
    (["--adapter", "base=run"], "named \"base\""),
  ] {
    let result = try program.run(["serve", "base", "--port", "0"] + arguments)
    #expect(result.status != 0 && result.err.contains(message), "\(arguments): \(result.err)")
  }
}
