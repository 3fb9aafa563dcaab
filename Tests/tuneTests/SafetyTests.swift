/// Files that `tune` must not overwrite, and settings that it must reject.
import Files
import Foundation
import Testing

@Test func `a folder with other files is never written to`() throws {
  let program = try Program()
  defer { program.remove() }
  try makeFolder(program.folder + "/mine/adapter")
  try writeFile("thesis", to: program.folder + "/mine/adapter/thesis.txt")
  for arguments in [["run", "recipe.json", "output=mine"], ["run", "recipe.json", "output=mine", "--overwrite"]] {
    let run = try program.run(arguments)
    #expect(run.status == 1 && run.err.contains("not a run folder"))
  }
  #expect(try readText(program.folder + "/mine/adapter/thesis.txt") == "thesis")
  let inside = try program.run("run", "recipe.json", "output=.")
  #expect(inside.status == 1 && inside.err.contains("which this run reads"))
}

/// The contents of every file in the program's folder, by path.
private func contents(_ program: Program) throws -> [String: Data] {
  let names = FileManager.default.enumerator(atPath: program.folder)?.compactMap { $0 as? String } ?? []
  return try [String: Data](
    uniqueKeysWithValues: names.filter { !isFolder("\(program.folder)/\($0)") && !$0.hasPrefix(".tune-") }.map {
      ($0, try readFile("\(program.folder)/\($0)"))
    })
}

@Test func `a run that replaces another leaves it whole until it is complete itself`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.run("run", "recipe.json")
  for name in ["run/notes.txt", "run/adapter/thesis.tex"] { try writeFile("mine", to: "\(program.folder)/\(name)") }
  let before = try contents(program)
  let failed = try program.run("run", "recipe.json", "--overwrite", "training.learning_rate=1e30")
  #expect(failed.status == 1 && failed.err.contains("learning_rate"))
  #expect(failed.err.contains("train.tsv, sentence ") && failed.err.contains("(line "))
  #expect(try contents(program).filter { !$0.key.hasPrefix(".run.new/") } == before)

  let long = ["run", "recipe.json", "seed=5", "training.epochs=60"], process = try program.start(long + ["--overwrite"])
  while !program.hasSnapshot(".run.new") && process.isRunning { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  #expect(try contents(program).filter { !$0.key.hasPrefix(".run.new/") } == before)
  #expect(try program.run(long).err.contains("Continue it with --resume"))
  let resumed = try program.run(long + ["--resume"])
  #expect(resumed.status == 0 && resumed.err.contains("resuming after step"), "\(resumed.err)")
  let after = try contents(program)
  #expect(Set(after.keys) == Set(before.keys) && after["run/adapter/thesis.tex"] == Data("mine".utf8))
  #expect(try program.json("run/recipe.json")["seed"] == 5)
}

@Test func `a killed merge or exchange leaves nothing after the next start`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.run("run", "recipe.json")
  let before = try contents(program)
  // As a kill leaves them: a folder half written, and an earlier run just after the exchange.
  try makeFolder(program.folder + "/merged.tmp-1abcdefghijk")
  try writeFile("{", to: program.folder + "/merged.tmp-1abcdefghijk/config.json")
  let merge = try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
  #expect(merge.status == 0 && !fileExists(program.folder + "/merged.tmp-1abcdefghijk"), "\(merge.err)")
  try FileManager.default.copyItem(atPath: program.folder + "/run", toPath: program.folder + "/.run.new")
  try writeFile("mine", to: program.folder + "/.run.new/notes.txt")
  try writeFile("xx", to: program.folder + "/run/.tune-run")
  let resumed = try program.run("run", "recipe.json", "--resume")
  #expect(resumed.status == 0 && resumed.err.contains("already finished"), "\(resumed.err)")
  var expected = before
  expected["run/notes.txt"] = Data("mine".utf8)
  #expect(try contents(program).filter { !$0.key.hasPrefix("merged/") } == expected)
}

@Test func `a resumed run names what has changed, and stays interrupted`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.interrupt(["run", "recipe.json", "training.epochs=80", "output=cut"])
  do {
    let lock = try FileLock(program.folder + "/cut/.tune-run")
    defer { withExtendedLifetime(lock) {} }
    let busy = try program.run("run", "recipe.json", "training.epochs=80", "output=cut")
    #expect(busy.status == 1 && busy.err.contains("another tune process is running"), "\(busy.err)")
  }
  for (file, old, new, name) in [
    ("base/vocab.txt", "\naspirin", "\nibuprofen", "the tokenizer"),
    ("base/config.json", "{", "{ ", "base/config.json"),
    ("dev.tsv", "a\tO", "a\tB-A", "dev.tsv"),
  ] {
    let path = "\(program.folder)/\(file)", text = try readText(path)
    try writeFile(text.replacing(old, with: new), to: path)
    let changed = try program.run("run", "recipe.json", "training.epochs=80", "output=cut", "--resume")
    #expect(
      changed.status == 1 && changed.err.contains("have changed since this run began: \(name)."), "\(changed.err)")
    #expect(try program.run("runs", ".").out.contains("interrupted"))
    try writeFile(text, to: path)
  }
}

@Test func `a recipe that is a pipe or a device is refused at once`() throws {
  let program = try Program()
  defer { program.remove() }
  mkfifo(program.folder + "/pipe.json", 0o600)
  for arguments in [["pipe.json"], ["/dev/zero"], ["recipe.json", "--set-file", "about=pipe.json"]] {
    let run = try program.run(["validate"] + arguments)
    #expect(run.status == 1 && run.err.contains("not a regular file"), "\(run.err)")
  }
}

@Test(arguments: [
  ([], "adapter/adapter_model"),
  ([#"method={"type":"full"}"#, "training.save_steps=7"], "model/model"),
])
func `a killed run resumes from its last snapshot to the same bytes`(_ settings: [String], _ weights: String) throws {
  let program = try Program()
  defer { program.remove() }
  let long = ["recipe.json", "training.epochs=80"] + settings
  try program.run(["run"] + long + ["output=whole"])
  let process = try program.start(["run"] + long + ["output=cut"])
  while !program.hasSnapshot("cut") { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  #expect(try program.run(["run"] + long + ["output=cut"]).err.contains("--resume"))

  let train = try readText(program.folder + "/train.tsv")
  try writeFile(train + "\na\tO\n", to: program.folder + "/train.tsv")
  let changed = try program.run(["run"] + long + ["output=cut", "--resume"])
  #expect(
    changed.status == 1 && changed.err.contains("have changed since this run began: train.tsv."), "\(changed.err)")
  try writeFile(train, to: program.folder + "/train.tsv")

  #expect(try program.run(["run"] + long + ["output=cut", "--resume"]).status == 0)
  let files = try ["whole", "cut"].map { try readFile("\(program.folder)/\($0)/\(weights).safetensors") }
  #expect(files[0] == files[1])
  let steps = try ["whole", "cut"].map {
    try readText("\(program.folder)/\($0)/metrics.jsonl").split(separator: "\n").count
  }
  #expect(steps[0] == steps[1])
}

@Test(arguments: [
  (#"method.modules_to_save=["query"]"#, "gets an adapter"), (#"method.modules_to_save=["nope"]"#, "matches no module"),
  ("method.layers_to_transform=[0,5]", "layers 0 to 1"), (#"method.rank_pattern={"zzz":2}"#, "matches no module"),
  ("method.rank=100000", "no side longer than 32"), ("data.stride=40", "less than half"),
  ("training.epochs=1e300", "epochs"),
])
func `a setting without effect or out of range is rejected with a message`(_ setting: String, _ message: String) throws
{
  let program = try Program()
  defer { program.remove() }
  let run = try program.run("validate", "recipe.json", setting)
  #expect(run.status == 1 && run.err.contains(message), "\(run.err)")
}
