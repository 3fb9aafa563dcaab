/// Which biases of the model are trained besides the adapters: PEFT's `bias`.
import Autograd
import Encoders
import Files

/// Values of PEFT's `bias`.
package enum BiasMode: String, CaseIterable, Sendable {
  case none, all
  /// Biases of the adapted projections.
  case loraOnly = "lora_only"

  /// - Parameter only: the method's own name for the biases of adapted projections.
  init(_ file: inout AdapterConfigReader, only: String = BiasMode.loraOnly.rawValue) {
    let modes: [String: BiasMode] = ["none": .none, "all": .all, only: .loraOnly]
    self = file["bias", "\"none\", \"all\" or \"\(only)\"", { $0.string.flatMap { modes[$0] } }] ?? .none
  }

  /// The trained biases and all weights of `modulesToSave`, with their names in the file. In PEFT an adapted module
  /// wraps its `base_layer`, which holds the bias.
  func replacedWeights(
    in model: TextModel, adapted: Set<String>, modulesToSave: [String], prefix: String
  ) -> [SavedParameter] {
    model.parameters.compactMap { parameter in
      let name = parameter.name, module = String(name.dropLast(".bias".count))
      let isBias = name.hasSuffix(".bias"), isAdapted = isBias && adapted.contains(module)
      let isTrained = isBias && (self == .all || self == .loraOnly && isAdapted)
      guard isTrained || belongs(name, to: modulesToSave) else { return nil }
      return SavedParameter(name: prefix + (isAdapted ? module + ".base_layer.bias" : name), parameter: parameter)
    }
  }
}
