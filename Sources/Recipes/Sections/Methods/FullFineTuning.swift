/// "method": {"type": "full", …}: trains all weights of the model, or those that are not frozen.
import Adapters
package import Autograd
package import Encoders
import Training

package struct FullFineTuning: MethodSection {
  /// Weights to freeze.
  var freeze: ModuleChoice.Targets?
  /// Freeze the embeddings and this many layers from the input on.
  var freezeFirst: Int?
  /// Train only this many layers before the output, and what is above them.
  var trainLast: Int?
  /// Factor from a layer's learning rate to that of the layer below it.
  var layerDecay = 1.0

  var defaultLearningRate: Double { 5e-5 }

  mutating func declare(_ fields: Fields) {
    fields.optional(
      "freeze", &freeze, .modules(orAll: false),
      "Modules to freeze, by name suffixes, or weights, by a regular expression for the whole name.")
    fields.optional(
      "freeze_first_layers", &freezeFirst, .int(1...), "Freeze the embeddings and the first n layers."
    )
    fields.optional(
      "train_last_layers", &trainLast, .int(1...), "Train only the last n layers and what is above them.")
    fields.exclusive("freeze_first_layers", "train_last_layers")
    fields.field(
      "layerwise_lr_decay", &layerDecay, .number(0.01...1),
      "Factor from a layer's learning rate to that of the layer below it, down to the embeddings.")
  }

  /// The trainable weights of `model`, in the checkpoint's order.
  /// - Throws: `FreezingFault` or `TargetFault`.
  package func trainableParameters(in model: TextModel) throws -> [Parameter] {
    let count = model.config.numHiddenLayers
    for (key, layers) in [("freeze_first_layers", freezeFirst), ("train_last_layers", trainLast)] {
      if let layers, layers > count { throw FreezingFault.layers(key: key, layers, count: count) }
    }
    let frozen = try freeze.map { try $0.weights(of: model, key: "freeze") } ?? []
    let firstTrained = freezeFirst ?? trainLast.map { count - $0 }
    let trainable = model.parameters.filter { weight in
      !frozen.contains(weight.name) && firstTrained.map { depth(of: weight.name, layers: count) >= $0 } ?? true
    }
    if trainable.isEmpty { throw FreezingFault.everything }
    return trainable
  }

  /// Factor of the learning rate for a weight.
  package func learningRateFactor(_ weight: String, in model: TextModel) -> Double {
    layerDecayFactor(weight, decay: layerDecay, layers: model.config.numHiddenLayers)
  }
}

/// Settings of "full" that do not match the model.
enum FreezingFault: Error, CustomStringConvertible {
  case layers(key: String, Int, count: Int)
  case everything

  var description: String {
    switch self {
    case .layers(let key, let layers, let count):
      "'method.\(key)' is \(layers), but the model has \(count) layers."
    case .everything: "'method.freeze' freezes every weight. Give fewer names."
    }
  }
}
