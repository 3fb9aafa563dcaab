import Encoders
/// Which runs cache the hidden states below the trainable layers, where, and the errors of runs that cannot.
import Files
import Kernels
import Recipes
import Tasks
import TestSupport
import Testing
import Training

@testable import Runs

@Suite struct HiddenStateCachingTests {
  private let folder = TemporaryFolder()
  private let json: JSON

  /// A model with two layers, of which the upper one is trained; no dropout.
  init() throws {
    try writeFile("a\tO\nb\tB-A\n\nc\tO\n", to: folder.path + "/train.tsv")
    try writeFile("b\tB-A\n", to: folder.path + "/dev.tsv")
    try writeFile("a b c d e f a b c d e f", to: folder.path + "/text.txt")
    json = minimalRecipe.with("model", ["path": .string(fixture("tiny-bert")), "dropout": 0, "attention_dropout": 0])
      .with("data.train", .string(folder.path + "/train.tsv")).with("data.dev", .string(folder.path + "/dev.tsv"))
      .with("method", ["type": "full", "train_last_layers": 1]).with("training.epochs", 2)
      .with("output", .string(folder.path + "/runs/one"))
  }

  private func build(_ json: JSON) throws -> Run { try RunBuilder(Recipe(json: json), threads: 1).build() }

  private func execute(_ json: JSON, _ note: (String) -> Void = { _ in }) throws -> JSON {
    let recipe = try Recipe(json: json), folder = try RunFolder(recipe, .overwrite)
    let run = try RunBuilder(recipe, threads: 1).build()
    try folder.begin()
    return try run.execute(in: folder, resume: false, shouldStop: { false }, report: { _ in }, note: note)
  }

  private func fault(_ json: JSON) throws -> String {
    do {
      _ = try build(json)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `the cache is beside the run's folder, and its size is reported`() throws {
    let run = try build(json.with("training.cache_hidden_states", "on")), caching = try #require(run.hiddenStates)
    #expect(
      caching.cache.firstUncachedBlock == 1
        && caching.cache.file.path.hasPrefix(folder.path + "/runs/.tune-cache/states-"))
    // [CLS] a b [SEP], [CLS] c [SEP], [CLS] b [SEP]
    let tokens = Split.allCases.reduce(0) { $0 + run.setup.task.tokens(in: $1) }
    #expect(tokens == 10 && caching.size == tokens * 4 * run.model.config.hiddenSize)
    #expect(run.notes.contains { $0.contains("the first 1 of 2 layers") && $0.contains("(new file") })
    #expect(
      run.model.hiddenStateCache == nil && !fileExists(folder.path + "/runs"),
      "nothing is written before the run begins")
    #expect(try build(json.with("training.cache_hidden_states", "off")).hiddenStates == nil)
    let elsewhere = json.with("training.cache_hidden_states", "on").with("training.cache_folder", "states")
    #expect(try build(elsewhere).hiddenStates?.cache.file.path.hasPrefix("states/states-") == true)
  }

  @Test func `with auto a run caches only if nothing but the time changes`() throws {
    #expect(try (build(json).hiddenStates != nil) == (GEMMBackend.selected > .blas))
    let dropped = try build(json.with("model.attention_dropout", 0.1))
    #expect(dropped.hiddenStates == nil && dropped.notes.contains { $0.contains("dropout is applied") })
    #expect(
      try build(json.with("model.attention_dropout", 0.1).with("training.cache_hidden_states", "on")).hiddenStates
        != nil)
    #expect(try build(json.with("method", ["type": "full"])).hiddenStates == nil)
    let large = try build(json.with("training.cache_limit_gb", 1e-6))
    #expect(large.hiddenStates == nil && large.notes.contains { $0.contains("training.cache_limit_gb") })
    #expect(
      try fault(json.with("training.cache_hidden_states", "on").with("training.cache_limit_gb", 1e-6)).contains(
        "Raise it"))
  }

  @Test(arguments: [["type": "full"], ["type": "lora"], ["type": "full", "freeze_first_layers": 1]] as [JSON])
  func `cache_hidden_states on is a fault if the model has no frozen layer`(_ method: JSON) throws {
    let hasFrozenLayer = method["freeze_first_layers"] != nil
    let fault = try fault(json.with("method", method).with("training.cache_hidden_states", "on"))
    #expect(hasFrozenLayer ? fault.isEmpty : fault.contains("no frozen layer"))
  }

  @Test func `dynamic masking excludes the cache, static masking does not`() throws {
    let teacher = fixture("distillation/student")
    let masked = json.with("model.path", .string(teacher)).with("task.type", "masked_lm").with("data.dev", nil)
      .with("data", ["format": "text", "train": .string(folder.path + "/text.txt")])
      .with("method", ["type": "lora", "layers_to_transform": [1]])
    #expect(try build(masked).hiddenStates == nil)
    #expect(try fault(masked.with("training.cache_hidden_states", "on")).contains("Set task.masking to \"static\""))
    #expect(
      try build(masked.with("training.cache_hidden_states", "on").with("task.masking", "static")).hiddenStates != nil)
  }

  @Test func `a second run uses the first run's cache and reaches the same metrics`() throws {
    let cached = json.with("training.cache_hidden_states", "on").with("training.keep_cache", true)
    let results = [try execute(cached), try execute(cached.with("output", .string(folder.path + "/runs/two")))]
    #expect(results[0]["metrics"] == results[1]["metrics"] && results[0]["metrics"]?["dev"] != nil)
    let again = try build(cached)
    #expect(again.notes.contains { $0.contains("(existing file") })
    try again.hiddenStates?.cache.file.open(reserving: 0)
    #expect(again.hiddenStates?.cache.file.count == 3)
    if GEMMBackend.selected > .blas {
      #expect(try execute(json.with("training.cache_hidden_states", "off"))["metrics"] == results[0]["metrics"])
    }
  }

  @Test(.enabled(if: TinyDisk.isPermitted))
  func `on a full disk a run with cache_hidden_states on fails, with auto it continues`()
    throws
  {
    let disk = try #require(TinyDisk())
    let many = (0..<300).map { "a\tO\n" + String(repeating: "b\tB-A\n", count: 1 + $0 % 5) }.joined(separator: "\n")
    try writeFile(many, to: folder.path + "/train.tsv")
    let small = json.with("training.cache_folder", .string(disk.folder.path))
    #expect {
      _ = try execute(small.with("training.cache_hidden_states", "on"))
    } throws: {
      "\($0)".contains("No space left") && "\($0)".contains("training.cache_folder")
    }
    guard GEMMBackend.selected > .blas else { return }
    var notes: [String] = []
    let result = try execute(small) { notes.append($0) }
    #expect(notes.contains { $0.contains("No space left") } && result["status"] == "completed")
  }
}
