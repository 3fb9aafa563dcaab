/// `tune adapter`: adapters of several runs become one, and one becomes smaller.
import Files
import Foundation
import TestSupport
import Testing

@Test func `combined adapters have the head of each, and predict uses them`() throws {
  let program = try Program()
  defer { program.remove() }
  for (name, rank) in [("a", 4), ("b", 2)] {
    let run = ["run", "recipe.json", "output=\(name)", "method.rank=\(rank)", "training.epochs=1", "seed=\(rank)"]
    #expect(try program.run(run).status == 0)
  }
  let pair = ["adapter", "combine", "base", "--adapter", "a", "--adapter", "x=b/adapter"]
  let both = try program.run(pair + ["--type", "cat", "--weights", "1,-0.5", "--output", "both"])
  #expect(both.status == 0 && both.out.contains("both/x: rank 6, "), "\(both.err)")
  for name in ["a", "x"] {
    let settings = try program.json("both/\(name)/tune.json")
    #expect(settings["combined"]?["weights"] == [1, -0.5] && settings["recipe"] == nil)
    #expect(try program.json("both/\(name)/adapter_config.json")["r"] == 6)
  }
  // The update of one adapter with the factor 1 and of the other with 0 is that of the one.
  let alone = try program.run(pair + ["--type", "svd", "--weights", "1,0", "--head", "a", "--output", "alone"])
  #expect(alone.status == 0 && alone.out.contains("largest error by the rank: 0.0000"), "\(alone.err)")
  func logits(_ adapter: String) throws -> [Double] {
    let row = try program.run("predict", "base", "-", "--logits", "--adapter", "n=\(adapter)", input: "a b c d b\n")
    let windows = try JSON(parsing: Data(row.out.utf8), named: adapter)["windows"]?["n"]?.array ?? []
    return windows.flatMap { $0["logits"]?.array ?? [] }.flatMap { $0.array ?? [] }.compactMap(\.number)
  }
  let (first, same) = (try logits("a"), try logits("alone"))
  #expect(first.count == same.count && !first.isEmpty)
  #expect(zip(first, same).allSatisfy { abs($0 - $1) < 1e-5 })
  #expect(zip(first, try logits("both/a")).contains { abs($0 - $1) > 1e-3 })
  let eval = try program.run("eval", "base", "--adapter", "both/a", "test.tsv")
  #expect(eval.status == 0, "\(eval.err)")
  let small = try program.run("adapter", "compress", "a", "--rank", "1", "--output", "small")
  #expect(small.status == 0 && small.out.hasPrefix("module "), "\(small.err)")
  #expect(try program.json("small/adapter_config.json")["r"] == 1)
  #expect(try program.run("eval", "base", "--adapter", "small", "test.tsv").status == 0)
}

@Test func `an adapter that is extracted with the full rank answers as the model does`() throws {
  let program = try Program()
  defer { program.remove() }
  let full = #"method={"type":"full","freeze":["embeddings"]}"#
  #expect(try program.run("run", "recipe.json", "output=full", full, "training.epochs=1").status == 0)
  func logits(_ arguments: [String], _ name: String) throws -> [Double] {
    let row = try program.run(["predict"] + arguments + ["-", "--logits"], input: "a b c d b\n")
    let windows = try JSON(parsing: Data(row.out.utf8), named: name)["windows"]?[name]?.array ?? []
    return windows.flatMap { $0["logits"]?.array ?? [] }.flatMap { $0.array ?? [] }.compactMap(\.number)
  }
  let expected = try logits(["full"], "base")
  for (rank, limit) in [(32, 1e-4), (1, 10.0)] {
    let result = try program.run("adapter", "extract", "base", "full", "--rank", "\(rank)", "--output", "r\(rank)")
    #expect(result.status == 0 && !result.err.contains("not in the adapter"), "\(result.err)")
    let found = try logits(["base", "--adapter", "a=r\(rank)"], "a")
    let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(largest < limit && (rank == 32 || largest > 1e-4), "\(rank): \(largest)")
  }
  #expect(
    try program.run("run", "recipe.json", "output=all", #"method={"type":"full"}"#, "training.epochs=1").status == 0)
  let all = try program.run("adapter", "extract", "base", "all", "--rank", "2", "--json", "--output", "r2")
  let json = try JSON(parsing: Data(all.out.utf8), named: "extract")
  #expect(json["missing"]?["bert.embeddings.word_embeddings.weight"]?.number ?? 0 > 0, "\(all.err)")
  let same = try program.run("adapter", "extract", "base", "base", "--rank", "2", "--output", "none")
  #expect(same.status == 1 && !fileExists(program.folder + "/none"), "\(same.err)")
}

@Test func `an adapter of a method that changes weights answers, merges and is compressed`() throws {
  let program = try Program()
  defer { program.remove() }
  for (name, method) in [("loha", "loha"), ("oft", "oft"), ("miss", "miss-bat")] {
    try FileManager.default.copyItem(
      atPath: fixture("adapters/weights/\(method)"), toPath: "\(program.folder)/\(name)")
  }
  func logits(_ arguments: [String]) throws -> [Double] {
    let row = try program.run(["predict"] + arguments + ["-", "--logits"], input: "a b c d b\n")
    #expect(row.status == 0, "\(row.err)")
    let windows = try JSON(parsing: Data(row.out.utf8), named: "row")["windows"]?.object?.values.first?.array ?? []
    return windows.flatMap { $0["logits"]?.array ?? [] }.flatMap { $0.array ?? [] }.compactMap(\.number)
  }
  func distance(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count && !a.isEmpty ? zip(a, b).map { abs($0 - $1) }.max()! : .infinity
  }
  let base = try logits(["base"])
  for name in ["loha", "oft", "miss"] {
    let adapted = try logits(["base", "--adapter", "n=\(name)"])
    #expect(distance(adapted, base) > 0.01)
    #expect(distance(try logits(["base", "--adapter", "n=\(name)", "--precision", "bf16"]), adapted) < 0.2)
    let merged = try program.run("merge", "base", "--adapter", name, "--output", name + "-merged")
    #expect(merged.status == 0, "\(merged.err)")
    #expect(distance(try logits([name + "-merged"]), adapted) < 1e-5)
    let small = ["adapter", "compress", "base", "--adapter", name, "--rank", "32", "--output", name + "-lora"]
    #expect(try program.run(small).status == 0)
    #expect(distance(try logits(["base", "--adapter", "n=\(name)-lora"]), adapted) < 1e-3)
  }
  let combine = ["adapter", "combine", "base", "--adapter", "loha", "--adapter", "oft", "--rank", "32"]
  #expect(try program.run(combine + ["--output", "both"]).status == 0)
  let linear = try program.run(combine.dropLast(2) + ["--type", "linear", "--output", "none"])
  #expect(linear.status == 1 && linear.err.contains("requires adapters of LoRA"), "\(linear.err)")
  let settings = try program.json("oft/adapter_config.json").with("fan_in_fan_out", true)
  try writeFile(settings.text(), to: program.folder + "/oft/adapter_config.json")
  let refused = try program.run("merge", "base", "--adapter", "oft", "--output", "none")
  #expect(refused.status == 1 && refused.err.contains("'fan_in_fan_out' is true"), "\(refused.err)")
}

@Test(arguments: [
  (["--type", "ties"], "requires --density"), (["--type", "cat", "--density", "0.5"], "has no --density"),
  (["--type", "linear", "--rank", "2"], "--rank is for svd"), (["--weights", "1"], "expected 2 numbers"),
  (["--weights", "-1,nan"], "found 'nan'"),
  (["--head", "z"], "expected one of a, b; found z"), (["--type", "ties", "--density", "0"], "above 0"),
  (["--type", "mean"], "mean"), (["--adapter", "b"], "the same name"),
])
func `wrong options of combine are refused before anything is read`(_ options: [String], _ message: String) throws {
  let program = try Program()
  defer { program.remove() }
  let pair = ["adapter", "combine", "base", "--adapter", "a", "--adapter", "b", "--output", "new"]
  let result = try program.run(pair + options)
  #expect(result.status == 64 && result.err.contains(message), "\(result.err)")
  #expect(!fileExists(program.folder + "/new"))
}

@Test func `adapters that do more than change projections are refused, and nothing is written`() throws {
  let program = try Program()
  defer { program.remove() }
  for (name, method) in [("a", "lora"), ("b", "bitfit")] {
    let method = #"method={"type":"\#(method)"}"#
    #expect(try program.run(["run", "recipe.json", "output=\(name)", method, "training.epochs=1"]).status == 0)
  }
  let result = try program.run(
    "adapter", "combine", "base", "--adapter", "a", "--adapter", "b", "--output", "new")
  #expect(result.status == 1 && result.err.contains("b/adapter: BITFIT"), "\(result.err)")
  #expect(!fileExists(program.folder + "/new"))
}
