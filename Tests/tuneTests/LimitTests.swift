/// Limits of the process and signals end with a sentence, and runs resume afterwards.
import Files
import Foundation
import Testing

extension Program {
  /// Runs the program in a shell after `setup`.
  fileprivate func shell(_ setup: String, _ arguments: [String]) throws -> (text: String, status: Int32) {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "exec 2>&1; \(setup); exec \"$0\" \"$@\"", Self.path] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (text, process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
  }

  fileprivate func weights(_ output: String) throws -> Data {
    try readFile("\(folder)/\(output)/adapter/adapter_model.safetensors")
  }
}

private let run = ["run", "recipe.json", "--threads", "2"]

/// SIGTERM stands for the signals that are not ignored: a test under nohup would inherit an ignored SIGHUP.
@Test(arguments: [("HUP", "trap '' HUP", 0 as Int32), ("TERM", ":", 130)])
func `signals stop a run, except those that were ignored, as under nohup`(
  _ signal: String, _ setup: String, _ status: Int32
) throws {
  let program = try Program()
  defer { program.remove() }
  let sending = "(while [ ! -s cut/metrics.jsonl ]; do sleep 0.01; done; kill -\(signal) $$) & \(setup)"
  let result = try program.shell(sending, run + ["output=cut", "training.epochs=100", "training.logging_steps=1"])
  #expect(result.status == status, "\(result.text)")
  #expect(result.text.contains("stopping after this step") == (status != 0))
}

@Test func `a file over ulimit -f is an error, and the run resumes`() throws {
  let program = try Program()
  defer { program.remove() }
  let full = run + [#"method={"type":"full"}"#]
  let limited = try program.shell("ulimit -f 8", full + ["output=cut"])
  #expect(limited.text.contains("Raise the limit of file sizes (ulimit -f)"), "\(limited.text)")
  #expect(limited.status == 1 && limited.text.contains("File too large"), "\(limited.text)")
  #expect(try program.run(full + ["output=cut", "--resume"]).status == 0)
  #expect(try program.run(full + ["output=whole"]).status == 0)
  #expect(
    try readFile(program.folder + "/cut/model/model.safetensors")
      == readFile(program.folder + "/whole/model/model.safetensors"))
}

/// Without the limit the program needs about 600 MB of address space.
@Test(arguments: Array(stride(from: 60, through: 600, by: 60)))
func `without memory the program ends with a sentence`(_ megabytes: Int) throws {
  let program = try Program()
  defer { program.remove() }
  let result = try program.shell("ulimit -v \(megabytes * 1024)", run)
  let isLoaded = !result.text.contains("error while loading shared libraries")
  #expect(result.status == 0 || !isLoaded || result.status == 1 && result.text.contains("rror: "), "\(result)")
}

@Test(arguments: 3...22) func `without descriptors the program ends with a sentence`(_ count: Int) throws {
  let program = try Program()
  defer { program.remove() }
  let result = try program.shell("ulimit -n \(count)", run)
  #expect(result.status == (count < 19 ? count == 3 ? 127 : 1 : 0), "\(result)")
  #expect(count == 3 || result.text.contains("Too many open files") == (count < 19))
}

@Test func `a closed standard output is an error, and no file gets the results in its place`() throws {
  let program = try Program()
  defer { program.remove() }
  let (closed, _) = try (program.shell("exec >&-", run), program.run(run + ["output=whole"]))
  #expect(closed.status == 1)
  for name in ["adapter/adapter_model.safetensors", ".tune-run"] {
    #expect(try readFile("\(program.folder)/run/\(name)").count == readFile("\(program.folder)/whole/\(name)").count)
  }
}

@Test func `weights that are truncated while they are in use are named`() throws {
  let program = try Program()
  defer { program.remove() }
  let (process, input, output) = (Process(), Pipe(), Pipe())
  try #require(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
  process.executableURL = URL(fileURLWithPath: Program.path)
  process.arguments = ["predict", "base", "--adapter", "x=run/adapter", "-"]
  process.currentDirectoryURL = URL(fileURLWithPath: program.folder)
  (process.standardInput, process.standardError, process.standardOutput) = (input, output, FileHandle.nullDevice)
  try process.run()
  let weights = program.folder + "/base/model.safetensors"
  while !(try readText("/proc/\(process.processIdentifier)/maps")).contains(weights), process.isRunning { usleep(1000) }
  truncate(weights, 0)
  input.fileHandleForWriting.write(Data("a b c\n".utf8))
  try input.fileHandleForWriting.close()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  #expect(process.terminationReason == .exit)
  // The weights may have been copied already.
  #expect(process.terminationStatus == 0 || text.contains(weights), "\(text)")
}
