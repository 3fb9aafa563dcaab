/// Fine-tuning, predicting and serving from Swift, by the code of the articles.
import Files
import Foundation
import TestSupport
import Testing
import TuneKit

/// A folder with a base, data and a recipe with absolute paths.
private func project() throws -> TemporaryFolder {
  let folder = TemporaryFolder()
  try FileManager.default.copyItem(atPath: fixture("tiny-bert"), toPath: folder.path + "/base")
  for (name, count, seed) in [("train", 60, 1), ("dev", 20, 2), ("test", 20, 3)] {
    let sentences = (0..<count).map { sentence in
      (0..<4 + sentence % 9).map { position in
        let letter = "abcdefg".map(String.init)[(sentence * 7 + position * 3 + seed) % 7]
        return letter + "\t" + (letter == "b" ? "B-A" : letter == "c" ? "B-B" : "O") + "\n"
      }.joined()
    }
    try writeFile(sentences.joined(separator: "\n"), to: "\(folder.path)/\(name).tsv")
  }
  try writeFile(
    """
    {
      "seed": 3, "model": {"path": "\(folder.path)/base"}, "task": {"type": "token_classification"},
      "data": {
        "format": "conll", "train": "\(folder.path)/train.tsv", "dev": "\(folder.path)/dev.tsv", "test": "\(folder.path)/test.tsv"
      },
      "method": {"type": "lora", "rank": 4, "target_modules": "all-linear"}, "logging": {"report": false},
      "training": {"epochs": 6, "batch_size": 8, "learning_rate": 0.02}, "output": "\(folder.path)/run"
    }
    """, to: folder.path + "/recipe.json")
  return folder
}

@Test func `the Swift of the articles is what these tests run, or what the named file has`() throws {
  let folder = repository + "/Sources/TuneKit/TuneKit.docc",
    code = try readText(repository + "/Tests/TuneKitTests/Articles.swift")
  var own = 0, quoted = 0
  for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
    for block in try readText("\(folder)/\(name)").split(separator: "```swift\n").dropFirst() {
      let swift = block.split(separator: "```", maxSplits: 1)[0]
      if swift.hasPrefix("// Sources/") {
        let parts = swift.split(separator: "\n", maxSplits: 1), path = parts[0].dropFirst("// ".count)
        #expect(try readText("\(repository)/\(path)").contains(parts[1]), "\(name): \(path)")
        quoted += 1
      } else {
        #expect(code.contains(swift), "\(name)")
        own += 1
      }
    }
  }
  #expect(own == 7 && quoted == 7)
}

@Test func `every public declaration has a comment`() throws {
  let folder = repository + "/Sources/TuneKit"
  for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".swift") {
    let lines = try readText("\(folder)/\(name)").split(separator: "\n", omittingEmptySubsequences: false)
    for (line, next) in zip(lines, lines.dropFirst()) where next.contains(#/^\s*(public|case \w+(\(|$))/#) {
      #expect(line.contains("///"), "\(name): \(next)")
    }
  }
}

@Test func `a run is trained, resumed, and used beside another one`() throws {
  let folder = try project(), recipe = folder.path + "/recipe.json", run = folder.path + "/run"
  let f1 = try #require(try fineTune(recipe: recipe))
  #expect(f1 > 0 && f1 <= 1)
  let other = try FineTuning(recipe: recipe, settings: ["output=\(folder.path)/other", "seed=4"], threads: 1)
  var steps = 0, evaluations = 0
  let stopped = try other.run {
    if case .step(let number, _, _, _, _) = $0 { steps = number }
  } shouldStop: {
    steps >= 5
  }
  #expect(stopped.isInterrupted && steps == 5 && stopped.metrics.isEmpty)
  let result = try other.run(.resume) { if case .evaluation = $0 { evaluations += 1 } }
  #expect(!result.isInterrupted && evaluations == 6 && result.folder == other.folder)
  let test = try #require(result.metrics["test"]), interval = try #require(result.intervals["test"]?["f1"])
  #expect(interval.contains(try #require(test["f1"])))
  #expect(result.trainableParameters > 0 && result.trainableParameters < result.totalParameters)
  #expect(try JSON(parsing: Data(result.json.utf8), named: "result")["status"] == "completed")
  // A finished run is returned, and not replaced without being asked.
  #expect(try other.run(.resume).json == result.json)
  #expect(throws: (any Error).self) { try other.run() }
  // The article's way to stop, for a run that is finished.
  #expect(try fineTune(recipe: run + "/recipe.json", seconds: 0))

  try findEntities(in: "a b c", base: folder.path + "/base", adapters: ["one": run, "two": other.folder])
  let model = try BaseModel(run, adapters: ["one": run])
  #expect(update(model, "two", from: other.folder) && model.adapters == ["one", "two"])
  let (one, two) = (
    try model.predict("a b c d", adapter: "one"), try model.predict(.words(["b", "c"]), adapter: "two")
  )
  #expect(one.entities.allSatisfy { "a b c d".contains($0.text) && $0.probability > 0 } && one.tags.isEmpty)
  #expect(two.tags.count == 2 && one.label == nil && one.answer == nil && one.json.hasPrefix("{\"entities\":"))
  let both = try model.predict([("a b c d", "one"), (.words(["b", "c"]), "two")])
  #expect(both.map(\.entities) == [one.entities, two.entities] && both[1].tags == two.tags)
  #expect(!update(model, "one", from: folder.path + "/base"))
  model.unload("two")
  let fault = #expect(throws: UnknownAdapter.self) { try model.predict("a", adapter: "two") }
  #expect(fault?.description == "\"two\" is not a loaded adapter; loaded: one.")
  let input = #expect(throws: (any Error).self) {
    try model.predict([("a", "one"), (.question("a", context: "b"), "one")])
  }
  #expect("\(input!)".contains("input:2"), "\(input!)")
}

@Test func `several threads predict while an adapter is replaced`() async throws {
  let folder = try project()
  _ = try fineTune(recipe: folder.path + "/recipe.json")
  let other = try FineTuning(
    recipe: folder.path + "/recipe.json", settings: ["output=\(folder.path)/other", "training.epochs=1"])
  _ = try other.run()
  let model = try BaseModel(folder.path + "/base", adapters: ["x": folder.path + "/run", "y": other.folder])
  let expected = try ["x", "y"].map { try model.predict("a b c d e f g", adapter: $0).json }
  try await withThrowingTaskGroup(of: Void.self) { group in
    for _ in 0..<4 {
      group.addTask {
        for _ in 0..<20 {
          let found = try model.predict("a b c d e f g", adapter: "x").json
          #expect(expected.contains(found))
        }
      }
    }
    group.addTask { [folders = [other.folder, folder.path + "/run"]] in
      for index in 0..<10 { try model.load("x", from: folders[index % 2]) }
    }
    try await group.waitForAll()
  }
}

@Test func `a server answers until its task is cancelled`() async throws {
  let folder = try project()
  _ = try fineTune(recipe: folder.path + "/recipe.json")
  let settings = AdapterServer.Settings(), (ports, port) = AsyncStream<Int>.makeStream()
  var any = settings
  any.port = 0
  let server = try AdapterServer(base: folder.path + "/base", adapters: ["letters": folder.path + "/run"], any)
  let task = Task { try await server.run { port.yield($0) } }
  let number = try #require(await ports.first { _ in true })
  let curl = Process(), out = Pipe()
  curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  curl.arguments = [
    "python3", "-c",
    """
    import json, urllib.request as u
    body = json.dumps({"inputs": [{"text": "a b c", "adapter": "letters"}]}).encode()
    request = u.Request("http://127.0.0.1:\(number)/v1/predict", body, {"Content-Type": "application/json"})
    print(u.build_opener(u.ProxyHandler({})).open(request).read().decode())
    """,
  ]
  curl.standardOutput = out
  try curl.run()
  let answer = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  #expect(answer.contains("\"letters\""), "\(answer)")
  task.cancel()
  let ended = Task { [path = folder.path] in
    try? await serve(base: path + "/base", adapters: ["letters": path + "/run"])
  }
  ended.cancel()
  _ = await (task.result, ended.value)
}

@Test func `mentions that are marked in texts are classified`() throws {
  let folder = try project(), letters = ["a", "d", "e", "f", "g"]
  let assertions = (0..<60).map { index in
    let status = ["present", "absent", "possible"][index % 3], cue = ["a", "b", "c"][index % 3]
    let note = "\(letters[index % 5]) \(cue) liver \(letters[(index / 5) % 5])"
    return Assertion(note: note, mention: note.firstRange(of: "liver")!, status: status)
  }
  #expect(assertions[0].marked == "a a [ liver ] a")
  let run = try train(assertions, base: folder.path + "/base", in: folder.path)
  let model = try BaseModel(folder.path + "/base", adapters: ["assertions": run])
  let right = try assertions.count {
    try model.predict(.text($0.marked), adapter: "assertions").label == $0.status
  }
  #expect(right > 30, "\(right) of 60; guessing gives 20")
}

@Test func `an encoder that was trained from random weights is a base`() throws {
  let folder = try project(), text = folder.path + "/text.txt"
  try writeFile((0..<50).map { "a b c d the drug of the cell \("efg".map(String.init)[$0 % 3])\n" }.joined(), to: text)
  let encoder = try pretrain(on: text, tokenizer: folder.path + "/base", in: folder.path)
  #expect(try JSON(path: encoder + "/config.json")["hidden_size"] == 64)
  let tagger = try FineTuning(
    recipe: folder.path + "/recipe.json", settings: ["model.path=\(encoder)", "output=\(folder.path)/tagger"])
  let result = try tagger.run()
  let model = try BaseModel(encoder, adapters: ["tags": result.folder])
  #expect(try model.predict(.words(["a", "b"]), adapter: "tags").tags.count == 2)
}
