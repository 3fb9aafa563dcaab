/// The model of a workload, ready to run: what is measured of the engine, and how it is asked for.
import Adapters
import Autograd
import Models

/// What a step computes in.
enum Precision: String, CaseIterable {
  case fp32, bf16
  /// What the engine can do.
  static let built: [Precision] = [.fp32]
}

struct NotBuilt: Error, CustomStringConvertible {
  let what: String
  var description: String { "\(what): not built yet" }
}

enum LowRank {
  static let rank = 8
  static let alpha = 16.0
}

/// A model with random weights, and what of it learns.
struct Engine {
  let model: TextModel
  let table: ParameterTable

  /// As PEFT does for a sequence classification, LoRA trains the classifier too and leaves the pooler frozen.
  /// Frozen weights are laid out for their products, as `tune run` does, and `tune predict` for many texts.
  init(_ workload: Workload, _ config: ModelConfig, _ precision: Precision, recompute: Bool) throws {
    // The one place for what is still to come: `model.use(precision)` and `model.recompute = true`, before `packFrozen`.
    guard Precision.built.contains(precision) else { throw NotBuilt(what: precision.rawValue) }
    if recompute { throw NotBuilt(what: "--recompute") }
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
    model.packFrozen(training: workload.what != .infer)
  }

  var trainableParameters: Int { table.parameters.reduce(0) { $0 + $1.count } }
}
