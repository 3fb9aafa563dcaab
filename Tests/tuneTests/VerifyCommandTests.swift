/// `tune adapter verify`: each check holds for a run's adapter, and fails for the damage that it looks for.
import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

/// The outcome and the detail of each check.
private func verify(_ program: Program, _ arguments: String...) throws -> (status: Int32, checks: [String: JSON]) {
  let result = try program.run(["adapter", "verify"] + arguments + ["--json"])
  let json = try JSON(parsing: Data(result.out.utf8), named: "verify \(result.err)")
  let checks = Dictionary(uniqueKeysWithValues: (json["checks"]?.array ?? []).map { ($0["name"]?.string ?? "", $0) })
  #expect(json["ok"]?.bool == (result.status == 0))
  #expect(checks.count == 8)
  return (result.status, checks)
}

private func expect(
  _ result: (status: Int32, checks: [String: JSON]), failed: [String] = [], skipped: [String] = []
) {
  for (name, check) in result.checks {
    let expected = failed.contains(name) ? "failed" : skipped.contains(name) ? "skipped" : "ok"
    #expect(check["outcome"]?.string == expected, "\(check.text())")
  }
  #expect(result.status == (failed.isEmpty ? 0 : 1))
}

private func detail(_ result: (status: Int32, checks: [String: JSON]), _ check: String) -> String {
  result.checks[check]?["detail"]?.string ?? ""
}

@Suite struct VerifyCommandTests {
  @Test func `the adapter of a run passes, on the files of the recipe and on given ones`() throws {
    let program = try Program()
    defer { program.remove() }
    #expect(try program.run("run", "recipe.json").status == 0)
    let result = try program.json("run/result.json")["metrics"]
    for arguments in [["run"], ["run/adapter/", "--base", "base"], ["run", "--data", "test.tsv", "--threads", "1"]] {
      let text = try program.run(["adapter", "verify"] + arguments)
      #expect(text.status == 0, "\(text.out)")
      #expect(text.out.split(separator: "\n").filter { !$0.hasPrefix(" ") }.count == 8)
      let loss = try #require(result?["test"]?["loss"]?.number)
      let rounded = String(format: "%.4f", loss)
      #expect(text.out.contains("score      ok       test, on test.tsv; tolerance 0.001"))
      #expect(text.out.contains("loss \(rounded), again \(rounded), difference 0.000000"), "\(text.out)")
    }
    let dev = try program.run("adapter", "verify", "run", "--data", "dev.tsv", "--json")
    let found = try JSON(parsing: Data(dev.out.utf8), named: "verify")["scores"]?["loss"]
    #expect(dev.status == 0 && found?["recorded"] == result?["dev"]?["loss"])
    #expect(abs(found?["difference"]?.number ?? 1) < 1e-12)
    // Other files than the run's.
    let train = try verify(program, "run", "--data", "train.tsv")
    expect(train, failed: ["score"])
    #expect(detail(train, "score").contains("not the run's by their SHA-256"))
    expect(try verify(program, "run", "--data", "train.tsv", "--tolerance", "100"))
    expect(try verify(program, "run", "--data", "none.tsv"), failed: ["score"])
    #expect(try program.run("adapter", "verify", "run", "--tolerance", "-1").status == 64)
  }

  @Test func `without a recorded score or a file the score is skipped, with the reason`() throws {
    let program = try Program()
    defer { program.remove() }
    #expect(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
    let copy = program.folder + "/copy"
    try FileManager.default.copyItem(atPath: program.folder + "/run/adapter", toPath: copy)
    let alone = try verify(program, "copy", "--base", "base")
    expect(alone, skipped: ["score"])
    #expect(detail(alone, "score").contains("not in the folder of its run"))
    let scored = try verify(program, "copy", "--base", "base", "--data", "test.tsv")
    expect(scored, skipped: ["score"])
    #expect(detail(scored, "score").contains("on test.tsv: f1"))
    let noBase = try program.run("adapter", "verify", "copy")
    #expect(noBase.status == 64 && noBase.err.contains("Expected --base"), "\(noBase.err)")
    try writeFile(try readText(program.folder + "/test.tsv") + "\na\tO\n", to: program.folder + "/test.tsv")
    let changed = try verify(program, "run")
    expect(changed, skipped: ["score"])
    #expect(detail(changed, "score").contains("changed since the run"))
    try FileManager.default.removeItem(atPath: program.folder + "/test.tsv")
    #expect(detail(try verify(program, "run"), "score").contains("is not here; give it with --data"))
    // Of PEFT, without tune.json.
    let foreign = try verify(program, fixture("adapters/weights/hra"), "--base", "base")
    expect(foreign, skipped: ["base", "settings", "tokenizer", "score"])
    #expect(detail(foreign, "base").contains("\"tiny-bert\"") && detail(foreign, "config") == "HRA")
  }

  @Test func `another base, damaged tensors, other labels and settings fail, each in its check`() throws {
    let program = try Program()
    defer { program.remove() }
    #expect(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
    let original = program.folder + "/run/adapter", copy = program.folder + "/copy"
    /// Verifies a copy of the adapter that `damage` has changed.
    func damaged(_ damage: () throws -> Void) throws -> (status: Int32, checks: [String: JSON]) {
      try? FileManager.default.removeItem(atPath: copy)
      try FileManager.default.copyItem(atPath: original, toPath: copy)
      try damage()
      return try verify(program, "copy", "--base", "base")
    }
    func edit(_ file: String, _ old: String, _ new: String) throws {
      let text = try readText(copy + "/" + file)
      #expect(text.contains(old))
      try writeFile(text.replacing(old, with: new), to: copy + "/" + file)
    }
    func rewriteTensors(_ body: (inout [(name: String, shape: [Int], values: [Float])]) -> Void) throws {
      let file = copy + "/adapter_model.safetensors"
      var tensors = try {
        let checkpoint = try Checkpoint(file: file)
        return try checkpoint.names.map {
          (name: $0, shape: try checkpoint.info($0).shape, values: try checkpoint.array($0))
        }
      }()
      body(&tensors)
      try FileManager.default.removeItem(atPath: file)
      let memory = tensors.map { tensor in
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.values.count)
        _ = copy.initialize(from: tensor.values)
        return copy
      }
      defer { memory.forEach { $0.deallocate() } }
      try writeSafetensors(
        to: file, tensors: zip(tensors, memory).map { ($0.name, $0.shape, UnsafeBufferPointer($1)) })
    }
    let unusable = ["labels", "score"]
    let method = try damaged { try edit("adapter_config.json", "\"LORA\"", "\"LOLA\"") }
    expect(method, failed: ["config"], skipped: ["tensors"] + unusable)
    #expect(detail(method, "config").contains("'peft_type' is \"LOLA\"; supported:"))
    let rank = try damaged { try edit("adapter_config.json", "\"r\": 4", "\"r\": 5") }
    expect(rank, failed: ["tensors"], skipped: unusable)
    let missing = try damaged { try rewriteTensors { $0.removeFirst() } }
    expect(missing, failed: ["tensors"], skipped: unusable)
    #expect(detail(missing, "tensors").contains("missing 'base_model"))
    let extra = try damaged { try rewriteTensors { $0.append(("base_model.model.bert.more", [1], [0])) } }
    expect(extra, failed: ["tensors"], skipped: unusable)
    #expect(detail(extra, "tensors").contains("unexpected"))
    let notFinite = try damaged { try rewriteTensors { $0[0].values[1] = .nan } }
    expect(notFinite, failed: ["tensors"], skipped: unusable)
    #expect(detail(notFinite, "tensors").contains("NaN"))
    let labels = try damaged { try edit("tune.json", "\"B-A\",", "\"B-A\", \"B-C\", \"I-C\",") }
    expect(labels, failed: ["labels"], skipped: ["score"])
    let task = try damaged { try edit("adapter_config.json", "\"TOKEN_CLS\"", "\"SEQ_CLS\"") }
    expect(task, failed: ["task"], skipped: ["base", "settings", "tokenizer", "tensors"] + unusable)
    let broken = try damaged { try writeFile("{", to: copy + "/tune.json") }
    expect(broken, failed: ["task"], skipped: ["base", "settings", "tokenizer", "tensors"] + unusable)
    let settings = try damaged { try edit("tune.json", "\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": 1e-05") }
    expect(settings, failed: ["settings"], skipped: ["score"])
    let digest = try program.json("run/adapter/tune.json")["base"]?["sha256"]?.string ?? ""
    let weights = try damaged { try edit("tune.json", digest, String(digest.reversed())) }
    expect(weights, failed: ["base"], skipped: ["score"])
    let other = program.folder + "/other"
    try FileManager.default.copyItem(atPath: program.folder + "/base", toPath: other)
    try writeFile(try readText(other + "/vocab.txt").replacing("aspirin", with: "heparin"), to: other + "/vocab.txt")
    expect(try verify(program, "run", "--base", "other"), failed: ["tokenizer"])
    // The recorded score is another one.
    let result = try readText(program.folder + "/run/result.json")
    let loss = try #require(try program.json("run/result.json")["metrics"]?["test"]?["loss"]?.number)
    try writeFile(result.replacing("\(loss)", with: "\(loss + 0.01)"), to: program.folder + "/run/result.json")
    let score = try verify(program, "run")
    expect(score, failed: ["score"])
    #expect(detail(score, "score").contains("difference -0.010000"))
  }

  @Test func `a finished run from which scores or the adapter are gone fails`() throws {
    let program = try Program()
    defer { program.remove() }
    #expect(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
    let path = program.folder + "/run/result.json", result = try readText(path)
    /// Verifies with result.json without this metric of test, or with another value in its place, or without test.
    func without(_ metric: String?, _ value: JSON? = nil) throws -> (status: Int32, checks: [String: JSON]) {
      var json = try JSON(path: path).object ?? [:], metrics = json["metrics"]?.object ?? [:]
      var test = metrics["test"]?.object ?? [:]
      test[metric ?? ""] = value
      metrics["test"] = metric == nil ? nil : .object(test)
      json["metrics"] = .object(metrics)
      try writeFile(JSON.object(json).text(), to: path)
      defer { try? writeFile(result, to: path) }
      return try verify(program, "run")
    }
    let metric = try without("f1")
    expect(metric, failed: ["score"])
    #expect(detail(metric, "score").contains("f1: not in result.json"))
    for (value, text) in [(JSON.null, "null"), ("x", "\"x\"")] {
      for name in ["f1", "loss"] {
        let other = try without(name, value)
        expect(other, failed: ["score"])
        #expect(detail(other, "score").contains("\(name): not in result.json: \(text), expected a number"))
      }
    }
    let split = try without(nil)
    expect(split, failed: ["score"])
    #expect(detail(split, "score").contains("no scores of test"))
    expect(try without("other"))
    try FileManager.default.removeItem(atPath: program.folder + "/run/adapter/adapter_config.json")
    let adapter = try program.run("adapter", "verify", "run")
    #expect(adapter.status != 0 && adapter.err.contains("adapter_config.json") && adapter.err.contains("Restore"))
  }
}
