/// Which biases of the model learn along with what is beside its matrices.
import Autograd
import Files
import Models

/// As PEFT's `bias`.
public enum LearningBias: String, CaseIterable, Sendable {
  case none, all
  /// Those of the adapted projections.
  case loraOnly = "lora_only"

  init(_ file: inout SettingsReader) {
    self =
      file["bias", "\"none\", \"all\" or \"lora_only\"", { $0.string.flatMap(LearningBias.init(rawValue:)) }] ?? .none
  }

  /// Weights of the model that the adapter trains and saves itself, `modules` being saved whole; an adapted module's bias
  /// has moved into its base layer.
  func owned(in model: TextModel, adapted: Set<String>, and modules: [String], _ prefix: String) -> [Stored] {
    model.parameters.compactMap { parameter in
      let name = parameter.name, module = String(name.dropLast(".bias".count))
      let isBias = name.hasSuffix(".bias"), isAdapted = isBias && adapted.contains(module)
      let learns = isBias && (self == .all || self == .loraOnly && isAdapted)
      guard learns || isPart(name, of: modules) else { return nil }
      return Stored(name: prefix + (isAdapted ? module + ".base_layer.bias" : name), parameter: parameter)
    }
  }
}
