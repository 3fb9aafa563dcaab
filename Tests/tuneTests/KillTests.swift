/// Killed runs, damaged snapshots and logs, loss spikes, and dry runs.
import Files
import Foundation
import Testing

/// A run of sixty epochs. `scripts/kill-test.py` is a long version of these tests.
private struct LongRun {
  let program: Program
  let arguments: [String]

  init(_ settings: String...) throws { try self.init(settings) }

  init(_ settings: [String]) throws {
    program = try Program()
    arguments =
      ["run", "recipe.json", "training.epochs=60", "training.eval_steps=40", "training.logging_steps=1"]
      + settings
  }

  func start(_ more: String...) throws -> Process { try program.start(arguments + more) }

  func finish(_ more: String...) throws -> Program.Result { try program.run(arguments + more) }

  /// The contents of the run folder `output` by file, without times and memory.
  func contents(_ output: String) throws -> [String: String] {
    let folder = program.folder + "/" + output
    var contents: [String: String] = [:]
    for name in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
      var text = (try? readFile(folder + "/" + name)).map { $0.base64EncodedString() } ?? ""
      if name == "metrics.jsonl" || name == "result.json" || name == "recipe.json" || name.hasSuffix("tune.json") {
        text = try readText(folder + "/" + name).replacing(
          /"\w*(seconds|memory|second|output)\w*": ?[^,\n}]+/, with: "")
      }
      // The report shows times and memory.
      contents[name] = name == "report.html" ? "" : text
    }
    return contents
  }
}

/// Settings with which epochs have different numbers of steps.
private let tokenBatches = ["training.batch_size=null", "training.max_tokens_per_batch=60"]

@Test(arguments: [[], tokenBatches + ["training.eval_steps=null"]])
func `a run that is killed repeatedly, at any time, ends with the same bytes`(_ batches: [String]) throws {
  let long = try LongRun(["training.save_steps=9"] + batches)
  defer { long.program.remove() }
  let clock = ContinuousClock(), begin = clock.now
  #expect(try long.finish("output=whole").status == 0)
  let whole = clock.now - begin
  // The first signal comes before any file exists, the others at different fractions of the run's duration.
  for (fraction, signal) in [(0.0, SIGKILL), (0.3, SIGKILL), (0.4, SIGTERM), (0.5, SIGKILL), (0.6, SIGKILL)] {
    let process = try long.start("output=cut", "--resume")
    usleep(UInt32(1e6 * fraction * (whole / .seconds(1))))
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
  }
  let last = try long.finish("output=cut", "--resume")
  #expect(last.status == 0, "\(last.err)")
  let (expected, found) = (try long.contents("whole"), try long.contents("cut"))
  #expect(Set(found.keys) == Set(expected.keys) && found["adapter/adapter_model.safetensors"] != nil)
  for (name, text) in expected { #expect(found[name] == text, "\(name)") }
  let again = try long.finish("output=cut", "--resume")
  #expect(again.status == 0 && again.err.contains("already finished") && again.out == last.out)
}

@Test func `SIGUSR1 while a run reads its data stops it with a snapshot`() throws {
  let program = try Program()
  defer { program.remove() }
  let text = try readText(program.folder + "/train.tsv") + "\n"
  try writeFile(String(repeating: text, count: 400), to: program.folder + "/long.tsv")
  let script =
    "tune run recipe.json data.train=long.tsv 2> log & while ! grep -q CPU log; do sleep 0.005; done; kill -USR1 $!; wait $!"
  #expect(try program.shell(script).status == 130)
  #expect(program.hasSnapshot("run"))
}

@Test(arguments: [("stop", 130), ("save", 0)] as [(String, Int32)])
func `SIGUSR1 saves a snapshot, and the run stops or continues as the recipe says`(_ action: String, _ status: Int32)
  throws
{
  // Before the end, there is no other snapshot than the signal's.
  let long = try LongRun(
    "training.save_minutes=null", "training.eval_steps=100000", "training.on_sigusr1=\(action)")
  defer { long.program.remove() }
  #expect(try long.finish("output=whole").status == 0)
  let steps = try #require(try long.program.json("whole/result.json")["steps"]?.int)
  let process = try long.start("output=cut")
  while !fileExists(long.program.folder + "/cut/metrics.jsonl") && process.isRunning { usleep(1000) }
  kill(process.processIdentifier, SIGUSR1)
  while !long.program.hasSnapshot("cut") && process.isRunning { usleep(200) }
  let snapshot = try #require(long.program.snapshots("cut").first)
  #expect(try #require(Int(snapshot.dropFirst("step-".count).prefix(8))) < steps)
  process.waitUntilExit()
  #expect(process.terminationStatus == status)
  if action == "stop" {
    let resumed = try long.finish("output=cut", "--resume")
    #expect(resumed.status == 0 && resumed.err.contains("resuming after step"), "\(resumed.err)")
  }
  let (expected, found) = (try long.contents("whole"), try long.contents("cut"))
  for (name, text) in expected { #expect(found[name] == text, "\(name)") }
}

@Test func `a damaged snapshot is reported, and the previous one is used`() throws {
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
  #expect(resumed.err.contains("resuming after step"))
  #expect(
    try long.contents("whole")["adapter/adapter_model.safetensors"]
      == long.contents("cut")["adapter/adapter_model.safetensors"])
}

@Test func `a truncated log is reported, and the run resumes`() throws {
  let long = try LongRun("training.save_steps=9")
  defer { long.program.remove() }
  let process = try long.start("output=cut")
  while !long.program.hasSnapshot("cut") { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  try writeFile("{\"event\": \"st", to: long.program.folder + "/cut/metrics.jsonl")
  let resumed = try long.finish("output=cut", "--resume")
  #expect(resumed.status == 0 && resumed.err.contains("lacks lines"), "\(resumed.err)")
  let lines = try readText(long.program.folder + "/cut/metrics.jsonl").split(separator: "\n")
  #expect(try lines.allSatisfy { try JSON(parsing: .init($0.utf8), named: "line")["event"] != nil })
}

@Test func `a loss spike ends the run, which resumes without the limit`() throws {
  let long = try LongRun("training.max_loss_spike=1.0001", "training.learning_rate=0.3", "training.max_grad_norm=null")
  defer { long.program.remove() }
  let stopped = try long.finish("output=cut")
  #expect(stopped.status == 1 && stopped.err.contains("max_loss_spike") && stopped.err.contains("sentence"))
  let resumed = try long.finish("output=cut", "--resume", "training.max_loss_spike=null")
  #expect(resumed.status == 0, "\(resumed.err)")
}

@Test(arguments: [[], tokenBatches])
func `a dry run writes nothing, and its estimate matches the run`(_ batches: [String]) throws {
  let program = try Program()
  defer { program.remove() }
  let before = try FileManager.default.contentsOfDirectory(atPath: program.folder)
  let dryRun = try program.run(["run", "recipe.json", "--dry-run", "--json"] + batches)
  #expect(dryRun.status == 0, "\(dryRun.err)")
  #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder).sorted() == before.sorted())
  let estimate = try JSON(parsing: .init(dryRun.out.utf8), named: "estimate")
  try program.run(["run", "recipe.json"] + batches)
  let result = try program.json("run/result.json")
  #expect(estimate["steps"] == result["steps"] && estimate["tokens"] == result["tokens"])
  let (estimated, used) = (estimate["peak_memory_bytes"]?.number ?? 0, result["peak_memory_bytes"]?.number ?? 0)
  #expect(estimated > 0.8 * used && estimated < 1.5 * used)
  let adapter = try readFile(program.folder + "/run/adapter/adapter_model.safetensors").count
  let checkpoint = estimate["checkpoint_bytes"]?.int ?? 0
  #expect(checkpoint <= adapter && adapter < checkpoint + 1 << 14)
  #expect(try program.run("run", "recipe.json", "--dry-run").out.contains("memory"))
  #expect(try program.run("run", "recipe.json", "--dry-run").out.contains("no step has work for more than one"))
  let many = try program.run(
    "run", "recipe.json", "--dry-run", "--json", "training.batch_size=null", "training.max_tokens_per_batch=1400")
  let ranks = try JSON(parsing: .init(many.out.utf8), named: "estimate")["ranks"]?.array ?? []
  let speedups = ranks.compactMap { $0["speedup_10_gbit"]?.number }
  #expect(ranks.map { $0["ranks"] } == [2] && speedups.allSatisfy { $0 > 0.5 && $0 <= 2 }, "\(many.out)")
  #expect(ranks.allSatisfy { ($0["bytes_per_step"]?.int ?? 0) >= (estimate["gradient_bytes"]?.int ?? .max) })
  #expect(try program.run("run", "recipe.json", "--dry-run", "--resume").status != 0)
}
