/// Adapters of every kind over one tiny base, saved in folders as runs save them.
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import FoundationEssentials
import Kernels
import Serving
import Tasks
import TestSupport
import Tokenization

let tagging = try! TokenClassification(labels: ["O", "B-A", "I-A", "B-B", "I-B"])
let tasks: [any RecordInference] = [
  tagging, SequenceClassification(labels: ["no", "yes", "perhaps"]), Regression(labels: []),
  Embedding(Pooling(.mean, normalizes: true)), ExtractiveQA(labels: []),
]

/// Every way in which a method changes a pass, by name.
func everyMethod() -> [(name: String, method: any AdapterMethod)] {
  var lora = LoRAConfig(), rslora = LoRAConfig(), dora = LoRAConfig(), biased = LoRAConfig(), late = LoRAConfig()
  var ada = AdaLoRAConfig(), ia3 = IA3Config(), prompt = PromptConfig(), prefix = PrefixConfig()
  lora.rank = 4
  (rslora.rank, rslora.useRSLoRA, rslora.modules.targets) = (8, true, .allLinear)
  (dora.rank, dora.useDoRA) = (4, true)
  (biased.rank, biased.bias) = (2, .loraOnly)
  (late.rank, late.modules.layers) = (3, [1])
  ada.modules.targets = .allLinear
  ia3.initIA3Weights = false
  (prompt.numVirtualTokens, prefix.numVirtualTokens) = (3, 2)
  return [
    ("lora", lora), ("rslora", rslora), ("dora", dora), ("lora with biases", biased), ("lora of one layer", late),
    ("adalora", ada), ("ia3", ia3), ("vera", VeRAConfig()), ("houlsby", BottleneckConfig.houlsby), ("prompt", prompt),
    ("prefix", prefix), ("bitfit", BitFit()), ("ln_tuning", LayerNormTuning()), ("head", LinearProbe()),
  ]
}

/// A base's folder, and folders of adapters.
struct SavedAdapters {
  let folder = TemporaryFolder()
  var base: String { folder.path + "/base" }

  /// - Parameter original: a fixture of a token classifier with 60 tokens.
  init(of original: String = "tiny-bert") throws {
    try Processor.initialize()
    try FileManager.default.copyItem(atPath: fixture(original), toPath: base)
    if !hasTokenizer(base) { try loadTokenizer(folder: fixture("tiny-bert")).save(to: base, hasTokenTypes: true) }
  }

  /// Saves an adapter whose parameters all differ from their initial values.
  /// - Parameter newTokens: that it adds and trains.
  /// - Returns: its folder.
  @discardableResult
  func save(
    _ name: String, _ method: any AdapterMethod, _ task: any TaskInference = tagging, seed: UInt64 = 1,
    newTokens: [String] = []
  ) throws -> String {
    let path = "\(folder.path)/\(name)", type = Swift.type(of: task).headType
    var config = try ModelConfig(folder: base), method = method
    let (tokenizer, tokens) = try loadTokenizer(folder: base).adding(newTokens)
    config.addTokens(upTo: tokenizer.count)
    let model = try TextModel(
      config, Checkpoint(folder: base), headType: type, layers: task.headLayers, classes: task.labels.count,
      reuseHead: false, seed: seed)
    method.addModulesToSave(model.headTransformModules + model.tagLayerModules)
    let adapter = try Adapter(method, on: model, trainableTokens: tokens.map(\.id), seed: seed)
    for (index, parameter) in adapter.trainable.enumerated() {
      for k in 0..<parameter.count { parameter.pointer[k] += 0.03 * Float((k + index + Int(seed)) % 7 - 3) }
    }
    try adapter.save(to: path, base: "base", head: type)
    if !newTokens.isEmpty {
      try tokenizer.save(to: path, hasTokenTypes: model.config.family.architecture.hasTokenTypes)
    }
    try TuneJSON(task: task).write(to: path)
    return path
  }
}

/// A few sequences of the tiny models' tokens.
let sequences: [[Int32]] = [[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], [2, 30, 31, 7, 3], [2, 11, 8, 3]]

extension Member {
  /// The bits of its logits for `sequences`.
  func bits(_ sequences: [[Int32]] = sequences) -> [UInt32] {
    model(Batch(sequences), adapters: adapters, Pass(Workspace())).array.map(\.bitPattern)
  }
}
