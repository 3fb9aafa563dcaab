/// Saves adapters with random weights, as runs save theirs.
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Tasks

struct AdapterMaker {
  private let base, folder: String
  private let tasks: [any TaskInference]
  private let models: [TextModel]

  init(base: String, folder: String) throws {
    (self.base, self.folder) = (base, folder)
    let tasks: [any TaskInference] = [
      try TokenClassification(labels: ["O", "B-Disease", "I-Disease"]),
      SequenceClassification(labels: ["a", "b", "c"]), Regression(labels: []),
    ]
    let config = try ModelConfig(folder: base), checkpoint = try Checkpoint(folder: base)
    models = try tasks.map { task in
      try TextModel(
        config, checkpoint, headType: type(of: task).headType, layers: task.headLayers, classes: task.labels.count,
        reuseHead: true, seed: 1)
    }
    self.tasks = tasks
  }

  /// Names of 64 adapters of six methods, four ranks and three tasks.
  func mixed() throws -> [String] {
    try (0..<64).map { index in
      let rank = [4, 8, 16, 32][index / 6 % 4]
      var lora = LoRAConfig(), dora = LoRAConfig(), ada = AdaLoRAConfig(), ia3 = IA3Config(), prefix = PrefixConfig()
      var bottleneck = BottleneckConfig.pfeiffer
      (lora.rank, dora.rank, dora.useDoRA) = (rank, rank, true)
      (ada.initR, ada.targetR) = (rank, rank)
      ia3.initIA3Weights = true
      bottleneck.reductionFactor = 384 / Double(rank)
      prefix.numVirtualTokens = rank
      let methods: [any AdapterMethod] = [lora, dora, ada, ia3, bottleneck, prefix]
      return try save("mixed-\(index)", methods[index % 6], task: index / 2 % 3, seed: index)
    }
  }

  /// 16 LoRAs of one task, of ranks 4 to 32.
  func loras() throws -> [String] {
    try (0..<16).map { index in
      var lora = LoRAConfig()
      lora.rank = [4, 8, 16, 32][index % 4]
      return try save("lora-\(index)", lora, task: 0, seed: 100 + index)
    }
  }

  func one() throws -> String {
    var lora = LoRAConfig()
    lora.rank = 16
    return try save("one", lora, task: 0, seed: 200)
  }

  func small() throws -> String { try save("small", LoRAConfig(), task: 0, seed: 201) }

  private func save(_ name: String, _ method: any AdapterMethod, task: Int, seed: Int) throws -> String {
    let model = models[task], path = "\(folder)/\(name)"
    var method = method
    method.addModulesToSave(model.headTransformModules.filter { model.newlyInitialized.contains($0 + ".weight") })
    let adapter = try Adapter(method, on: model, seed: UInt64(seed))
    for (index, parameter) in adapter.trainable.enumerated() {
      for k in 0..<parameter.count { parameter.pointer[k] += 0.01 * Float((k * 31 + index + seed) % 13 - 6) / 6 }
    }
    try adapter.save(to: path, base: "base", head: model.headType)
    try TuneJSON(task: tasks[task]).write(to: path)
    return name
  }
}
