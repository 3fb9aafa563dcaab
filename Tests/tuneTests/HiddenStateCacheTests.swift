/// The hidden-state cache with the program: killed runs and concurrent runs.
import Files
import Foundation
import Testing

private let upperLayerRun = [
  "run", "recipe.json", "training.epochs=6", "training.logging_steps=1", "method.layers_to_transform=[1]",
  "training.cache_hidden_states=on",
]

private func weights(_ program: Program, _ output: String) throws -> Data {
  try readFile("\(program.folder)/\(output)/adapter/adapter_model.safetensors")
}

@Test func `a run that is killed while it writes the cache resumes to the same bytes`() throws {
  let program = try Program()
  defer { program.remove() }
  let cut = upperLayerRun + ["output=cut", "training.cache_folder=cold"]
  let process = try program.start(cut)
  func lines() -> [String] {
    ((try? readText(program.folder + "/cut/metrics.jsonl")) ?? "").split(separator: "\n").map(String.init)
  }
  // Waits for a step after an evaluation, when the evaluation's snapshot exists.
  while process.isRunning,
    lines().last?.contains("evaluation") != false || !lines().contains(where: { $0.contains("evaluation") })
  {
    usleep(1000)
  }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  #expect(try program.run(cut + ["--resume"]).status == 0)
  let whole = try program.run(upperLayerRun + ["output=whole", "training.cache_folder=other"])
  #expect(whole.status == 0 && whole.err.contains("the first 1 of 2 layers are cached"))
  #expect(try weights(program, "cut") == weights(program, "whole"))
}

@Test func `two concurrent runs with one cache have the same result as a single run`() throws {
  let program = try Program()
  defer { program.remove() }
  let kept = upperLayerRun + ["training.keep_cache=true"]
  let runs = try ["one", "two"].map { try program.start(kept + ["output=\($0)"]) }
  runs.forEach { $0.waitUntilExit() }
  #expect(runs.allSatisfy { $0.terminationStatus == 0 })
  try program.run(upperLayerRun + ["output=alone", "training.cache_folder=other"])
  for output in ["one", "two"] { #expect(try weights(program, output) == weights(program, "alone")) }
  let files = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/.tune-cache")
  #expect(files.count == 1)
}
