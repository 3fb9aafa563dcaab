/// Which biases of the model learn along with what is beside its matrices.
import Autograd
import Files
import Models

/// As PEFT's `bias`.
public enum BiasMode: String, CaseIterable, Sendable {
  case none, all
  /// Those of the adapted projections.
  case loraOnly = "lora_only"

  init(_ file: inout AdapterConfigReader) {
    self =
      file["bias", "\"none\", \"all\" or \"lora_only\"", { $0.string.flatMap(BiasMode.init(rawValue:)) }] ?? .none
  }

  /// Weights of the model that the adapter trains and saves itself, `modules` being saved whole; an adapted module's bias
  /// has moved into its base layer.
  func replacedWeights(in model: TextModel, adapted: Set<String>, and modules: [String], _ prefix: String)
    -> [SavedParameter]
  {
    model.parameters.compactMap { parameter in
      let name = parameter.name, module = String(name.dropLast(".bias".count))
      let isBias = name.hasSuffix(".bias"), isAdapted = isBias && adapted.contains(module)
      let learns = isBias && (self == .all || self == .loraOnly && isAdapted)
      guard learns || belongs(name, to: modules) else { return nil }
      return SavedParameter(name: prefix + (isAdapted ? module + ".base_layer.bias" : name), parameter: parameter)
    }
  }
}
