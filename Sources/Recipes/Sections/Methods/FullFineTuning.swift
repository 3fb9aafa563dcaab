/// "method": {"type": "full", …}: the model itself learns, or what of it is not frozen.
import Adapters
import Autograd
import Models
import Training

struct FullFineTuning: MethodSection {
  /// Weights that stay as they are.
  var freeze: ModuleChoice.Targets?
  /// How many blocks, from the input on, stay as they are, and the embeddings below them.
  var freezeFirst: Int?
  /// How many blocks, from the output on, learn, and nothing below them.
  var trainLast: Int?
  /// What a block's learning rate is of that of the block above.
  var layerDecay = 1.0

  var defaultLearningRate: Double { 5e-5 }

  mutating func declare(_ fields: Fields) {
    fields.optional(
      "freeze", &freeze, .modules(orAll: false),
      "What stays as it is: modules by their names' ends, or weights by an expression for whole names.")
    fields.optional(
      "freeze_first_layers", &freezeFirst, .int(1...), "So many blocks stay as they are, and the embeddings below them."
    )
    fields.optional(
      "train_last_layers", &trainLast, .int(1...), "Only so many blocks learn, and what is above them.")
    fields.exclusive("freeze_first_layers", "train_last_layers")
    fields.field(
      "layerwise_lr_decay", &layerDecay, .number(0.01...1),
      "What a block's learning rate is of that of the block above it, down to the embeddings.")
  }

  /// The weights of `model` that learn, in the checkpoint's order.
  func trainableParameters(in model: TextModel) throws -> [Parameter] {
    let count = model.config.numHiddenLayers
    for (key, layers) in [("freeze_first_layers", freezeFirst), ("train_last_layers", trainLast)] {
      if let layers, layers > count { throw FreezingFault.layers(key: key, layers, count: count) }
    }
    let named = try freeze.map { try $0.weights(of: model, key: "freeze") } ?? []
    let below = freezeFirst ?? trainLast.map { count - $0 }
    let learning = model.parameters.filter { weight in
      !named.contains(weight.name) && below.map { depth(of: weight.name, layers: count) >= $0 } ?? true
    }
    if learning.isEmpty { throw FreezingFault.everything }
    return learning
  }

  /// What the learning rate of a weight is of the run's.
  func learningRateFactor(_ weight: String, in model: TextModel) -> Double {
    layerDecayFactor(weight, decay: layerDecay, layers: model.config.numHiddenLayers)
  }
}

/// A method "full" that does not fit the model.
enum FreezingFault: Error, CustomStringConvertible {
  case layers(key: String, Int, count: Int)
  case everything

  var description: String {
    switch self {
    case .layers(let key, let layers, let count):
      "'method.\(key)' is \(layers), and the model has \(count) layers."
    case .everything: "'method.freeze' leaves nothing that learns. Give fewer names."
    }
  }
}
