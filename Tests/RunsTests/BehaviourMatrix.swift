import Encoders
/// What every method does on every family: the rows, columns and refusals of `BehaviourMatrixTests`.
import Files
import Recipes

enum Behaviour: String, CaseIterable {
  /// First: what cannot be trained has none of the others.
  case train
  case load, save, merge
  /// One adapter after another over a base, and two in one pass.
  case swap, mix
  case resume, threads
  /// Training and inference in bfloat16, and inference in 8 bits.
  case bf16, int8
  case cachedStates = "cached states"
}

/// A row: a method's section of a recipe.
struct MatrixMethod {
  let name: String
  let section: JSON
  /// Keys that leave the layers below layer 1 unchanged; nil: the method has none.
  let upperLayers: @Sendable (Family) -> JSON?

  static let all: [MatrixMethod] = [
    .init("full", ["type": "full"], upperLayers: ["train_last_layers": 1]),
    .init("lora", ["type": "lora", "rank": 4], upperLayers: ["layers_to_transform": [1]]),
    .init("rslora", ["type": "lora", "rank": 4, "use_rslora": true, "bias": "lora_only"], upperLayers: upperLoRA),
    .init("dora", ["type": "lora", "rank": 4, "use_dora": true], upperLayers: upperLoRA),
    .init("pissa", ["type": "lora", "rank": 4, "init_lora_weights": "pissa"], upperLayers: upperLoRA),
    .init("olora", ["type": "lora", "rank": 4, "init_lora_weights": "olora"], upperLayers: upperLoRA),
    .init("adalora", ["type": "adalora", "init_r": 4, "target_r": 2], upperLayers: upperLoRA),
    .init("vera", ["type": "vera", "rank": 16], upperLayers: upperLoRA),
    .init(
      "ia3", ["type": "ia3"],
      upperLayers: [
        "target_modules": #".*\.1\.(attention\.(self\.key|k_lin)|attn\.Wqkv)"#, "feedforward_modules": [],
      ]),
    .init("layer_norm", ["type": "layer_norm"], upperLayers: ["target_modules": #".*\.1\..*[nN]orm"#]),
    MatrixMethod(name: "bitfit", section: ["type": "bitfit"]) { family in
      switch family {
      case .bert, .roberta, .electra: ["biases": ["layer.1.output.dense"]]
      case .distilbert: ["biases": ["layer.1.ffn.lin2"]]
      // Its layers have no biases.
      case .modernbert: [:]
      }
    },
    .init("head", ["type": "head"], upperLayers: [:]),
    .init("trainable_tokens", ["type": "trainable_tokens"], upperLayers: nil),
    .init("houlsby", ["type": "houlsby", "reduction_factor": 4], upperLayers: ["leave_out": [0]]),
    .init("pfeiffer", ["type": "pfeiffer", "reduction_factor": 4], upperLayers: ["leave_out": [0]]),
    .init("prompt", ["type": "prompt", "num_virtual_tokens": 3], upperLayers: nil),
    .init("prefix", ["type": "prefix", "num_virtual_tokens": 3], upperLayers: nil),
    .init(
      "prefix projection", ["type": "prefix", "num_virtual_tokens": 3, "prefix_projection": true], upperLayers: nil),
  ]

  private static let upperLoRA: JSON = ["layers_to_transform": [1]]

  private init(_ name: String, _ section: JSON, upperLayers: JSON?) {
    self.init(name: name, section: section) { _ in upperLayers }
  }

  private init(name: String, section: JSON, upperLayers: @escaping @Sendable (Family) -> JSON?) {
    (self.name, self.section, self.upperLayers) = (name, section, upperLayers)
  }
}

/// Cells that are refused, and what the program says.
struct Refusal {
  let behaviours: [Behaviour], methods: [String], families: [Family], words: String

  /// nil: the cell is not refused.
  static func words(_ behaviour: Behaviour, _ method: String, _ family: Family) -> String? {
    all.first {
      $0.behaviours.contains(behaviour) && $0.methods.contains(method) && $0.families.contains(family)
    }?.words
  }

  static let all: [Refusal] = [
    // Neither library has them, so nothing would read the adapter.
    .init(
      behaviours: [.train], methods: ["houlsby", "pfeiffer"], families: [.modernbert],
      words: "adapters does not have bottleneck adapters of modernbert models"),
    .init(
      behaviours: [.train], methods: ["prefix", "prefix projection"], families: [.distilbert, .modernbert],
      words: "PEFT does not have prefix tuning of"),
    // They add computation, not a change of weights.
    .init(
      behaviours: [.merge], methods: ["houlsby", "pfeiffer", "prompt", "prefix", "prefix projection"],
      families: Family.allCases, words: "does not change weights of the base model, so its adapters cannot be merged"),
    // A model is not an adapter.
    .init(
      behaviours: [.merge, .swap, .mix], methods: ["full"], families: Family.allCases,
      words: "trained a model in full"),
    // What they train is below every layer, or in every layer.
    .init(
      behaviours: [.cachedStates], methods: ["trainable_tokens", "prompt", "prefix", "prefix projection"],
      families: Family.allCases, words: "there is no frozen layer below the lowest trainable parameter"),
  ]
}
