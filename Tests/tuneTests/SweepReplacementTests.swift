/// A sweep that replaces an earlier one and is interrupted, and sweeps whose data have changed.
import Files
import Foundation
import TestSupport
import Testing

extension Program {
  fileprivate func runSweep(_ options: [String], seeds: Int = 3) throws -> Result {
    let sweep = (1...seeds).map(String.init).joined(separator: ",")
    return try run(["run", "recipe.json", #"sweep={"seed":[\#(sweep)]}"#, "output=grid"] + options)
  }
}

@Test func `an interrupted sweep with --overwrite continues where it stopped`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.runSweep(["training.epochs=1"]).status == 0)
  let new = ["training.epochs=60", "training.learning_rate=0.003"]
  let sweep = #"sweep={"seed":[1,2,3]}"#
  let process = try program.start(["run", "recipe.json", sweep, "output=grid", "--overwrite"] + new)
  // The first cell is being written beside its old run.
  while process.isRunning, !program.hasSnapshot("grid/.seed=1.new") { usleep(2000) }
  process.interrupt()
  process.waitUntilExit()
  #expect(process.terminationStatus == 130)
  let plain = try program.runSweep(new)
  #expect(plain.status == 1 && plain.err.contains("Continue it with --resume"), "\(plain.err)")
  let short = ["training.epochs=1", "training.learning_rate=0.003"]
  let resumed = try program.runSweep(new + ["--resume"])
  #expect(resumed.status == 0, "\(resumed.err)")
  for seed in 1...3 {
    let recipe = try program.json("grid/seed=\(seed)/recipe.json")
    #expect(recipe["training"]?["learning_rate"] == 0.003 && recipe["training"]?["epochs"]?.number == 60)
  }
  #expect(!fileExists(program.folder + "/grid/.tune-overwrite"))
  #expect(try program.runSweep(new).err.contains("already finished"))
  #expect(try program.runSweep(short).status == 1)
}

@Test func `finished runs of a sweep on other data are named, not mixed with new ones`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.runSweep(["training.epochs=1"], seeds: 2).status == 0)
  #expect(try program.json("grid/seed=1/result.json")["data_sha256"]?.array?.count == 3)
  let path = program.folder + "/dev.tsv"
  try writeFile(readText(path).replacing("a\tO", with: "a\tB-A"), to: path)
  for options in [[], ["--resume"]] {
    let result = try program.runSweep(["training.epochs=1"] + options)
    #expect(result.status == 1 && result.err.contains("grid/seed=1: holds a finished run on other inputs: dev.tsv"))
    #expect(!fileExists(program.folder + "/grid/seed=3"))
  }
  let single = try program.run("run", "grid/seed=1", "--resume")
  #expect(single.status == 0 && single.err.contains("dev.tsv has changed since"), "\(single.err)")
  #expect(try program.runSweep(["training.epochs=1", "--overwrite"]).status == 0)
  #expect(try program.runSweep(["training.epochs=1"]).err.contains("already finished"))
}
