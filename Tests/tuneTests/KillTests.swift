import Files
import Foundation
import Testing

/// Sixty epochs of letters, and all that they leave. `scripts/kill-test.py` is the long version of these tests.
private struct LongRun {
  let program: Program
  let arguments: [String]

  init(_ settings: String...) throws {
    program = try Program()
    arguments =
      ["run", "recipe.json", "training.epochs=60", "training.eval_steps=40", "training.logging_steps=1"]
      + settings
  }

  func start(_ more: String...) throws -> Process { try program.start(arguments + more) }

  func finish(_ more: String...) throws -> Program.Result { try program.run(arguments + more) }

  /// What `output` holds, but for what a clock says.
  func facts(_ output: String) throws -> [String: String] {
    let folder = program.folder + "/" + output
    var facts: [String: String] = [:]
    for name in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
      var text = (try? readFile(folder + "/" + name)).map { $0.base64EncodedString() } ?? ""
      if name == "metrics.jsonl" || name == "result.json" || name == "recipe.json" || name.hasSuffix("tune.json") {
        text = try readText(folder + "/" + name).replacing(
          /"\w*(seconds|memory|second|output)\w*": ?[^,\n}]+/, with: "")
      }
      facts[name] = text
    }
    return facts
  }
}

@Test func `a run that is killed again and again, from its first moment on, ends with the same bytes`() throws {
  let long = try LongRun("training.save_steps=9")
  defer { long.program.remove() }
  let clock = ContinuousClock(), begin = clock.now
  #expect(try long.finish("output=whole").status == 0)
  let whole = clock.now - begin
  // The first comes before there is anything, SIGTERM among the others; the rest fall anywhere in what a run takes.
  for (share, sign) in [(0.0, SIGKILL), (0.3, SIGKILL), (0.4, SIGTERM), (0.5, SIGKILL), (0.6, SIGKILL)] {
    let process = try long.start("output=cut", "--resume")
    usleep(UInt32(1e6 * share * (whole / .seconds(1))))
    kill(process.processIdentifier, sign)
    process.waitUntilExit()
  }
  let last = try long.finish("output=cut", "--resume")
  #expect(last.status == 0, "\(last.err)")
  let (wanted, found) = (try long.facts("whole"), try long.facts("cut"))
  #expect(Set(found.keys) == Set(wanted.keys) && found["adapter/adapter_model.safetensors"] != nil)
  for (name, text) in wanted { #expect(found[name] == text, "\(name)") }
  let again = try long.finish("output=cut", "--resume")
  #expect(again.status == 0 && again.err.contains("ended already") && again.out == last.out)
}

@Test func `a damaged snapshot is told, and the one before it serves`() throws {
  let long = try LongRun("training.save_steps=9")
  defer { long.program.remove() }
  #expect(try long.finish("output=whole").status == 0)
  let process = try long.start("output=cut")
  while long.program.snapshots("cut").count < 2 { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  let names = long.program.snapshots("cut"), newest = "\(long.program.folder)/cut/snapshots/\(names[names.count - 1])"
  var bytes = try readFile(newest)
  bytes[bytes.count - 1000] ^= 4
  try bytes.write(to: URL(fileURLWithPath: newest))
  let resumed = try long.finish("output=cut", "--resume", "training.save_total_limit=5", "--threads", "1")
  #expect(resumed.status == 0 && resumed.err.contains("\(names[names.count - 1]) is damaged"), "\(resumed.err)")
  #expect(resumed.err.contains("goes on after step"))
  #expect(
    try long.facts("whole")["adapter/adapter_model.safetensors"]
      == long.facts("cut")["adapter/adapter_model.safetensors"])
}

@Test func `a log that was cut short is told, and the run is not lost`() throws {
  let long = try LongRun("training.save_steps=9")
  defer { long.program.remove() }
  let process = try long.start("output=cut")
  while !long.program.hasSnapshot("cut") { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  try writeFile("{\"event\": \"st", to: long.program.folder + "/cut/metrics.jsonl")
  let resumed = try long.finish("output=cut", "--resume")
  #expect(resumed.status == 0 && resumed.err.contains("has lost lines"), "\(resumed.err)")
  let lines = try readText(long.program.folder + "/cut/metrics.jsonl").split(separator: "\n")
  #expect(try lines.allSatisfy { try JSON(parsing: .init($0.utf8), named: "line")["event"] != nil })
}

@Test func `losses that leap end the run, and it goes on when that is wished`() throws {
  let long = try LongRun("training.max_loss_spike=1.0001", "training.learning_rate=0.3", "training.max_grad_norm=null")
  defer { long.program.remove() }
  let stopped = try long.finish("output=cut")
  #expect(stopped.status == 1 && stopped.err.contains("max_loss_spike") && stopped.err.contains("sentence"))
  let resumed = try long.finish("output=cut", "--resume", "training.max_loss_spike=null")
  #expect(resumed.status == 0, "\(resumed.err)")
}

@Test func `a rehearsal writes nothing and tells what the run then needs`() throws {
  let program = try Program()
  defer { program.remove() }
  let before = try FileManager.default.contentsOfDirectory(atPath: program.folder)
  let rehearsal = try program.run("run", "recipe.json", "--dry-run", "--json")
  #expect(rehearsal.status == 0, "\(rehearsal.err)")
  #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder).sorted() == before.sorted())
  let forecast = try JSON(parsing: .init(rehearsal.out.utf8), named: "forecast")
  try program.run("run", "recipe.json")
  let result = try program.json("run/result.json")
  #expect(forecast["steps"] == result["steps"] && forecast["tokens"] == result["tokens"])
  let (memory, needed) = (forecast["peak_memory_bytes"]?.number ?? 0, result["peak_memory_bytes"]?.number ?? 0)
  #expect(memory > 0.8 * needed && memory < 1.5 * needed)
  let adapter = try readFile(program.folder + "/run/adapter/adapter_model.safetensors").count
  let checkpoint = forecast["checkpoint_bytes"]?.int ?? 0
  #expect(checkpoint <= adapter && adapter < checkpoint + 1 << 14)
  #expect(try program.run("run", "recipe.json", "--dry-run").out.contains("memory"))
  #expect(try program.run("run", "recipe.json", "--dry-run", "--resume").status != 0)
}
