/// "method": {"type": "lora", …}; names and meanings are PEFT's `LoraConfig`.
import Adapters

extension LoRAConfig: MethodSection {
  /// Adapters start from zero and bear larger steps.
  var usualLearningRate: Double { 1e-3 }

  mutating func state(_ fields: Fields) {
    fields.field("rank", &rank, .int(1...), "The update's rank.")
    fields.field("alpha", &alpha, .number(above: 0), "The update is scaled by alpha / rank.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout of the adapter's input.")
    fields.field("use_rslora", &useRSLoRA, .bool, "Scale by alpha / √rank instead (Kalajdzievski 2023).")
    modules.stateTargets(fields)
    fields.field("rank_pattern", &rankPattern, .map(of: .int(1...)), "Another rank for names that match a pattern.")
    fields.field(
      "alpha_pattern", &alphaPattern, .map(of: .number(above: 0)), "Another alpha for names that match a pattern.")
    modules.stateLayers(fields)
    fields.field("bias", &bias, .choice, "Which biases learn along.")
    modules.stateSaved(fields)
  }
}

extension ModuleChoice {
  mutating func stateTargets(_ fields: Fields) {
    fields.optional(
      "target_modules", &targets, .modules(orAll: true), "Which matrices get an adapter, by their names' ends.")
    stateExcluded(fields)
  }

  mutating func stateExcluded(_ fields: Fields) {
    fields.optional("exclude_modules", &exclude, .modules(orAll: false), "Which of them do not, after all.")
  }

  mutating func stateLayers(_ fields: Fields) {
    fields.optional("layers_to_transform", &layers, .layers, "Only these layers, counted from 0.")
  }

  mutating func stateSaved(_ fields: Fields) {
    fields.field(
      "modules_to_save", &modulesToSave, .list(of: .text), "What learns whole beside the adapters and the head.")
  }
}
