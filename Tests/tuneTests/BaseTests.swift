/// Every command refuses an adapter over an altered base, and names damaged weights and files that are no files.
import Files
import FoundationEssentials
import TestSupport
import Testing

@Suite struct BaseTests {
  private let program: Program

  init() throws { program = try Program() }

  /// The commands that use an adapter.
  private func commands(_ base: String, _ adapter: String = "run/adapter") -> [[String]] {
    [
      ["predict", base, "--adapter", adapter, "test.tsv"], ["eval", base, "--adapter", adapter, "test.tsv"],
      ["merge", base, "--adapter", adapter, "--output", "merged"],
    ]
  }

  private func change(_ file: String, _ key: String, _ value: JSON) throws {
    try writeFile(program.json(file).with(key, value).text(), to: "\(program.folder)/\(file)")
  }

  private func copy(_ from: String, _ to: String) throws {
    try FileManager.default.copyItem(atPath: "\(program.folder)/\(from)", toPath: "\(program.folder)/\(to)")
  }

  /// A Float32 NaN in the first number of the tensor, which is in no other tensor of the file.
  private func damage(_ file: String, _ tensor: String) throws {
    let path = "\(program.folder)/\(file)"
    var bytes = Array(try readFile(path))
    let header = bytes[..<8].enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    let json = try JSON(parsing: Data(bytes[8..<8 + header]), named: "header")
    let offset = try #require(json[tensor]?["data_offsets"]?.array?.first?.int)
    bytes.replaceSubrange(8 + header + offset..<8 + header + offset + 4, with: [0, 0, 0xC0, 0x7F])
    try writeFile(Data(bytes), to: path)
  }

  @Test(arguments: [#"{"type": "lora", "rank": 2}"#, #"{"type": "head"}"#])
  func `an altered base is refused by every command, and accepted with --any-base`(_ method: String) throws {
    defer { program.remove() }
    #expect(try program.run("run", "recipe.json", "training.epochs=1", "method=\(method)").status == 0)
    try copy("base", "copy")
    for command in commands("copy") { #expect(try program.run(command).status == 0) }
    try change("copy/config.json", "num_attention_heads", 2)
    try change("copy/tokenizer_config.json", "do_lower_case", false)
    for command in commands("copy") {
      let result = try program.run(command)
      #expect(result.status == 1 && result.out.isEmpty, "\(command)")
      for message in [
        "run/adapter: was trained on another base than copy", "num_attention_heads: 2; the adapter was trained with 4",
        "do_lower_case: false; the adapter was trained with true", "--any-base",
      ] where command[0] != "merge" {
        #expect(result.err.contains(message), "\(command): \(result.err)")
      }
      if command[0] != "merge" { #expect(try program.run(command + ["--any-base"]).status == 0) }
    }
    let merge = ["merge", "copy", "--adapter", "run/adapter", "--output", "new"]
    #expect(try program.run(merge).err.contains("num_attention_heads: 2"))
    #expect(!fileExists(program.folder + "/new"))
    #expect(try program.run(merge + ["--any-base"]).status == 0)
  }

  @Test func `a run does not resume over an altered base, but over other files of the same tokenizer`() throws {
    defer { program.remove() }
    let long = ["run", "recipe.json", "training.epochs=200", "output=cut"], resume = long + ["--resume"]
    try program.interrupt(long)
    for (file, key, value): (String, String, JSON) in [
      ("base/tokenizer_config.json", "do_lower_case", false), ("base/tokenizer_config.json", "strip_accents", false),
      ("base/config.json", "num_attention_heads", 2), ("base/config.json", "layer_norm_eps", 1e-5),
    ] {
      let original = try readText("\(program.folder)/\(file)")
      try change(file, key, value)
      let result = try program.run(resume)
      #expect(result.status == 1 && result.err.contains("have changed since this run began"), "\(key): \(result.err)")
      try writeFile(original, to: "\(program.folder)/\(file)")
    }
    let vocabulary = try readText(program.folder + "/base/vocab.txt")
    let swapped = vocabulary.split(separator: "\n").dropLast(2) + vocabulary.split(separator: "\n").suffix(2).reversed()
    try writeFile(swapped.joined(separator: "\n") + "\n", to: program.folder + "/base/vocab.txt")
    #expect(try program.run(resume).err.contains("have changed since this run began"))
    try writeFile(vocabulary, to: program.folder + "/base/vocab.txt")
    try change("base/tokenizer_config.json", "model_max_length", 48)
    #expect(try program.run(resume).status == 0)
  }

  @Test func `NaN in a base, an adapter and a teacher is named by every command`() throws {
    defer { program.remove() }
    try program.run("run", "recipe.json", "training.epochs=1")
    let tensor = "bert.encoder.layer.0.output.dense.weight"
    try copy("base", "bad")
    try damage("bad/model.safetensors", tensor)
    let recipes = [
      ["run", "recipe.json", "output=x", "model.path=bad"], ["validate", "recipe.json", "model.path=bad"],
      ["validate", "recipe.json", #"distillation={"teachers": "bad", "kl_weight": 0, "cosine_weight": 1}"#],
      ["predict", "bad", "test.tsv"], ["eval", "bad", "test.tsv"],
      ["merge", "bad", "--adapter", "run/adapter", "--output", "new", "--any-base"],
    ]
    for command in recipes {
      let result = try program.run(command)
      #expect(result.status == 1, "\(command)")
      #expect(result.err.contains("bad/model.safetensors: the weight '\(tensor)' has NaN at [0, 0]"), "\(result.err)")
    }
    let inspect = try program.run("inspect", "bad")
    #expect(inspect.status == 0 && inspect.out.contains("bad/model.safetensors: '\(tensor)' has NaN or infinity"))
    #expect(
      try JSON(parsing: Data(program.run("inspect", "bad", "--json").out.utf8), named: "")["damaged"] == [
        .string(tensor)
      ])

    let file = "run/adapter/adapter_model.safetensors", head = "base_model.model.classifier.weight"
    try damage(file, head)
    for command in commands("base") {
      let result = try program.run(command)
      #expect(
        result.status == 1 && result.err.contains("\(file): the weight '\(head)' has NaN at [0, 0]"), "\(result.err)")
    }
    #expect(try program.run("inspect", "run").out.contains("'\(head)' has NaN or infinity"))
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "a Git LFS pointer"),
    ("<!DOCTYPE html>\n<html></html>\n", "a web page (HTML)"),
  ]) func `a Git LFS pointer or a web page in place of a file is called that`(_ text: String, _ name: String) throws {
    defer { program.remove() }
    try program.run("run", "recipe.json", "training.epochs=1")
    for file in ["model.safetensors", "config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json"] {
      try copy("base", "bad")
      try writeFile(text, to: "\(program.folder)/bad/\(file)")
      for command in [["run", "recipe.json", "output=x", "model.path=bad"], ["eval", "bad", "test.tsv"]]
        + commands("bad")
      {
        let result = try program.run(command)
        #expect(result.status == 1 && result.err.contains("bad/\(file): \(name)"), "\(command): \(result.err)")
      }
      try FileManager.default.removeItem(atPath: program.folder + "/bad")
    }
    for file in ["adapter_model.safetensors", "adapter_config.json", "tune.json"] {
      try copy("run/adapter", "bad")
      try writeFile(text, to: "\(program.folder)/bad/\(file)")
      for command in commands("base", "bad") {
        let result = try program.run(command)
        #expect(result.status == 1 && result.err.contains("bad/\(file): \(name)"), "\(command): \(result.err)")
      }
      try FileManager.default.removeItem(atPath: program.folder + "/bad")
    }
  }

  @Test func `inspect lists tensors of every dtype`() throws {
    defer { program.remove() }
    for name in ["mixed", "others", "six-bits"] {
      let result = try program.run("inspect", fixture("checkpoints/\(name).safetensors"))
      #expect(result.status == 0, "\(result.err)")
    }
    let out = try program.run("inspect", fixture("checkpoints/others.safetensors")).out
    for line in ["U64          U64  [4]", "F4           F4  [4]", "13 tensors, 43 parameters"] {
      #expect(out.contains(line))
    }
  }
}
