/// What a run leaves: no text of its data, and no path of this machine except in recipe.json.
import Files
import Foundation
import TestSupport
import Testing

private let secret = "zyxwvq"
private let cached = [
  "method.layers_to_transform=[1]", "training.cache_hidden_states=on", "logging.tensorboard=true", "logging.csv=true",
]

/// A program whose training text has the word `secret`, and whose recipe has absolute paths only.
private func program() throws -> (program: Program, arguments: [String]) {
  let program = try Program(), folder = program.folder
  try writeFile(readText(folder + "/train.tsv") + "\n\(secret)\tO\n\(secret)\tB-A\n", to: folder + "/train.tsv")
  let paths = ["model.path=base", "data.train=train.tsv", "data.dev=dev.tsv", "data.test=test.tsv", "output=runs/one"]
  return (program, ["run", "recipe.json"] + cached + paths.map { $0.replacing("=", with: "=\(folder)/") })
}

/// The files below `folder` with one of `texts`, as bytes.
private func files(in folder: String, with texts: [String]) throws -> [String] {
  let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
  #expect(!names.isEmpty)
  return names.filter { name in
    guard !isFolder("\(folder)/\(name)"), let bytes = try? readFile("\(folder)/\(name)") else { return false }
    return texts.contains { bytes.range(of: Data($0.utf8)) != nil }
  }
}

@Test func `a run leaves no text, no cache, and paths only in recipe.json`() throws {
  let (program, arguments) = try program()
  defer { program.remove() }
  let run = try program.run(arguments), folder = program.folder
  #expect(run.status == 0 && run.err.contains("The cache holds the text of the data; it is deleted"), "\(run.err)")
  #expect(try files(in: folder + "/runs", with: [secret]) == [])
  #expect(try files(in: folder + "/runs", with: [folder]) == ["one/recipe.json"])
  let names = try FileManager.default.subpathsOfDirectory(atPath: folder + "/runs")
  #expect(names.contains(".tune-runs.sqlite") && names.contains { $0.contains("tfevents") })
  #expect(!names.contains { $0.contains("cache") || $0.contains("scratch") })
}

@Test func `a failed run and a sweep leave no text and no path either`() throws {
  let (program, arguments) = try program()
  defer { program.remove() }
  let folder = program.folder
  let failing = ["training.learning_rate=1e30", "training.max_grad_norm=null"]
  let sweep =
    arguments.filter { !$0.hasPrefix("model.path=") } + [#"sweep={"model.path":["\#(folder)/base"],"seed":[1,2]}"#]
  #expect(try program.run(arguments + failing).status == 1)
  #expect(try program.run(sweep + ["output=\(folder)/runs/grid"]).status == 0)
  #expect(try program.run(sweep + failing + ["output=\(folder)/runs/bad"]).status == 1)
  #expect(try files(in: folder + "/runs", with: [secret]) == [])
  #expect(try files(in: folder + "/runs", with: [folder]).allSatisfy { $0.hasSuffix("/recipe.json") })
}

@Test func `with keep_cache the cache stays, for its owner only`() throws {
  let (program, arguments) = try program()
  defer { program.remove() }
  let run = try program.run(arguments + ["training.keep_cache=true"]), caches = program.folder + "/runs/.tune-cache"
  #expect(run.status == 0 && run.err.contains("The cache holds the text of the data; it is kept"), "\(run.err)")
  let names = try FileManager.default.contentsOfDirectory(atPath: caches)
  #expect(names.count == 1)
  func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }
  #expect(try mode(caches) == 0o700 && mode("\(caches)/\(names[0])") == 0o600)
}

@Test func `a killed run leaves no cache`() throws {
  let (program, arguments) = try program()
  defer { program.remove() }
  let process = try program.start(arguments + ["training.epochs=200", "training.logging_steps=1"])
  while process.isRunning, !fileExists(program.folder + "/runs/one/metrics.jsonl") { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  let names = try FileManager.default.subpathsOfDirectory(atPath: program.folder + "/runs")
  #expect(!names.contains { $0.contains("cache") || $0.contains("scratch") })
}
