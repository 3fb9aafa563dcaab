/// Folders as they lie on the Hub with PyTorch's own weight files: trained from, converted, inspected.
import Files
import FoundationEssentials
import TestSupport
import Testing

@Suite struct TorchFolderTests {
  private let program: Program

  init() throws { program = try Program() }

  private func path(_ name: String) -> String { "\(program.folder)/\(name)" }

  /// A copy of the base with a fixture as its weights.
  private func makeBase(_ name: String, _ weights: String, keepingSafetensors: Bool = false) throws {
    try FileManager.default.copyItem(atPath: path("base"), toPath: path(name))
    if !keepingSafetensors { try FileManager.default.removeItem(atPath: path("\(name)/model.safetensors")) }
    try writeFile(readFile(fixture("torch/\(weights)")), to: path("\(name)/pytorch_model.bin"))
  }

  @Test(arguments: ["tiny-bert.bin", "tiny-bert-old.bin"])
  func `a run from pytorch_model.bin gives the bytes of a run from safetensors`(_ weights: String) throws {
    defer { program.remove() }
    try makeBase("bin", weights)
    #expect(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
    let run = try program.run("run", "recipe.json", "training.epochs=1", "model.path=bin", "output=other")
    #expect(run.status == 0 && (run.out + run.err).contains("'module.'") == weights.contains("old"), "\(run.err)")
    let file = "adapter/adapter_model.safetensors"
    #expect(try readFile(path("run/" + file)) == readFile(path("other/" + file)))
    let predicted = try program.run("predict", "bin", "--adapter", "a=other/adapter", "test.tsv")
    #expect(predicted.status == 0)
    #expect(
      try program.run("predict", "base", "--adapter", "a=other/adapter", "--any-base", "test.tsv").out == predicted.out)

    #expect(try program.run("convert", "bin", "new").status == 0)
    #expect(try program.run("inspect", "new").out == program.run("inspect", "bin").out)
    #expect(try program.run("convert", "bin", "new").err.contains("it exists"))
    let new = try FileManager.default.contentsOfDirectory(atPath: path("new"))
    #expect(new.contains("config.json") && new.contains("model.safetensors") && !new.contains("pytorch_model.bin"))
    let again = try program.run("run", "recipe.json", "training.epochs=1", "model.path=new", "output=third")
    #expect(again.status == 0)
    #expect(try readFile(path("run/" + file)) == readFile(path("third/" + file)))
  }

  @Test func `F64, heads of other tasks, an unknown architecture, and no tokenizer files are no obstacle`() throws {
    defer { program.remove() }
    try makeBase("odd", "tiny-bert-odd.bin")
    for file in try FileManager.default.contentsOfDirectory(atPath: path("odd")) {
      if file != "config.json" && file != "pytorch_model.bin" {
        try FileManager.default.removeItem(atPath: path("odd/" + file))
      }
    }
    try writeFile(
      program.json("odd/config.json").with("architectures", ["AntiBERTy"]).text(), to: path("odd/config.json"))
    let settings = ["training.epochs=1", #"method={"type": "full"}"#]
    #expect(try program.run(["run", "recipe.json"] + settings).status == 0)
    let run = try program.run(
      ["run", "recipe.json", "model.path=odd", "model.tokenizer=base", "output=other"] + settings)
    #expect(run.status == 0, "\(run.err)")
    let file = "model/model.safetensors"
    #expect(try readFile(path("run/" + file)) == readFile(path("other/" + file)))
  }

  @Test func `safetensors are read if both forms are there, and that is said`() throws {
    defer { program.remove() }
    try makeBase("both", "refused-system-zip.bin", keepingSafetensors: true)
    let teacher =
      #"distillation={"teachers": [{"path": "both"}], "kl_weight": 0, "task_weight": 1, "cosine_weight": 1}"#
    let commands = [
      ["validate", "recipe.json", "model.path=both"], ["inspect", "both"], ["validate", "recipe.json", teacher],
    ]
    for command in commands {
      let result = try program.run(command)
      #expect(result.status == 0 && result.err.contains("model.safetensors is read"), "\(result.err)")
    }
    try FileManager.default.removeItem(atPath: path("both/model.safetensors"))
    let refused = try program.run("inspect", "both")
    #expect(refused.status == 1 && refused.err.contains("both/pytorch_model.bin: the pickle asks for 'posix.system'"))
  }

  @Test func `a bare weight file and an adapter are inspected and converted`() throws {
    defer { program.remove() }
    let file = try program.run("inspect", fixture("torch/tiny-bert.bin"))
    #expect(try file.status == 0 && file.out == program.run("inspect", "base").out)
    try makeFolder(path("peft"))
    try writeFile(readFile(fixture("torch/adapter_model.bin")), to: path("peft/adapter_model.bin"))
    let config = "adapter_config.json"
    try writeFile(readFile(fixture("adapters/lora-start/\(config)")), to: path("peft/\(config)"))
    #expect(try program.run("convert", "peft", "new").status == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path("new")).sorted() == [
        config, "adapter_model.safetensors",
      ])
    #expect(try program.run("inspect", "new").out == program.run("inspect", "peft").out)
  }
}
