/// The model of a workload, ready to run: what is measured of the engine, and how it is asked for.
import Adapters
import Autograd
import Kernels
import Models

enum LowRank {
  static let rank = 8
  static let alpha = 16.0
}

/// A model with random weights, and what of it learns.
struct Engine {
  let model: TextModel
  let table: ParameterTable

  /// As PEFT does for a sequence classification, LoRA trains the classifier too and leaves the pooler frozen.
  init(_ workload: Workload, _ config: ModelConfig, _ precision: Precision, recompute: Bool) throws {
    model = try TextModel(config, nil, kind: .sequence, classes: Synthetic.classes, reuseHead: false, seed: 0)
    switch workload.what {
    case .infer: table = ParameterTable(training: [])
    case .full: table = ParameterTable(training: model.parameters)
    case .lora:
      var lora = LoRAConfig()
      (lora.rank, lora.alpha, lora.targets) = (LowRank.rank, LowRank.alpha, .suffixes(["query", "value"]))
      let adapter = try Adapter(lora, on: model, seed: 0)
      adapter.attach()
      table = ParameterTable(training: adapter.trainable)
    }
    model.use(precision)
    model.recompute = recompute
  }

  var trainableParameters: Int { table.parameters.reduce(0) { $0 + $1.count } }
}
