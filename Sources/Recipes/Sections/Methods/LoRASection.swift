/// "method": {"type": "lora", …}; names and meanings are PEFT's `LoraConfig`.
import Adapters
import Files

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
    fields.field("use_dora", &useDoRA, .bool, "A vector of magnitudes learns beside the direction (DoRA).")
    fields.field("init", &start, .start, "What the two matrices are at first.")
    fields.optional("lora_plus_ratio", &plusRatio, .number(above: 0), "The rate of B over that of A (LoRA+).")
    if useDoRA && start.isPartOfWeight {
      fields.fault(
        "method.init", "\"\(start.name)\" beside 'use_dora'", expected: "one of them",
        advice: "DoRA starts from \"default\", \"gaussian\" or \"orthogonal\".")
    }
  }
}

extension FieldKind<LoRAStart> {
  static var start: Self {
    let words =
      "\"default\", \"gaussian\", \"orthogonal\", \"pissa\", \"pissa_niter_N\" with N from 0 to 100, or \"olora\""
    let names = LoRAStart.all.map { JSON.string($0.name) }
    return Self(words, schema: ["enum": .array(names)], write: { .string($0.name) }) {
      $0.string.flatMap(LoRAStart.init)
    }
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
