/// "method": {"type": "lora", …}; names and meanings are PEFT's `LoraConfig`.
import Adapters
import Files

extension LoRAConfig: MethodSection {
  /// Adapters start from zero and bear larger steps.
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("rank", &rank, .int(1...), "The update's rank.")
    fields.field("alpha", &alpha, .number(above: 0), "The update is scaled by alpha / rank.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout of the adapter's input.")
    fields.field("use_rslora", &useRSLoRA, .bool, "Scale by alpha / √rank instead (Kalajdzievski 2023).")
    modules.declareTargets(fields)
    fields.field("rank_pattern", &rankPattern, .map(of: .int(1...)), "Another rank for names that match a pattern.")
    fields.field(
      "alpha_pattern", &alphaPattern, .map(of: .number(above: 0)), "Another alpha for names that match a pattern.")
    modules.declareLayers(fields)
    fields.field("bias", &bias, .choice, "Which biases learn along.")
    modules.declareSaved(fields)
    fields.field("use_dora", &useDoRA, .bool, "A vector of magnitudes learns beside the direction (DoRA).")
    fields.field("init_lora_weights", &initialization, .initialization, "What the two matrices are at first.")
    fields.optional("loraplus_lr_ratio", &loraPlusRatio, .number(above: 0), "The rate of B over that of A (LoRA+).")
    if useDoRA && initialization.isPartOfWeight {
      fields.fault(
        "method.init_lora_weights", "\"\(initialization.name)\" beside 'use_dora'", expected: "one of them",
        advice: "DoRA starts from \"default\", \"gaussian\" or \"orthogonal\".")
    }
  }
}

extension FieldType<LoRAInit> {
  static var initialization: Self {
    let words =
      "\"default\", \"gaussian\", \"orthogonal\", \"pissa\", \"pissa_niter_N\" with N from 0 to 100, or \"olora\""
    let names = LoRAInit.all.map { JSON.string($0.name) }
    return Self(words, schema: ["enum": .array(names)], write: { .string($0.name) }) {
      $0.string.flatMap(LoRAInit.init)
    }
  }
}

extension ModuleChoice {
  mutating func declareTargets(_ fields: Fields) {
    fields.optional(
      "target_modules", &targets, .modules(orAll: true), "Which matrices get an adapter, by their names' ends.")
    declareExcluded(fields)
  }

  mutating func declareExcluded(_ fields: Fields) {
    fields.optional("exclude_modules", &exclude, .modules(orAll: false), "Which of them do not, after all.")
  }

  mutating func declareLayers(_ fields: Fields) {
    fields.optional("layers_to_transform", &layers, .layers, "Only these layers, counted from 0.")
  }

  mutating func declareSaved(_ fields: Fields) {
    fields.field(
      "modules_to_save", &modulesToSave, .list(of: .text), "What learns whole beside the adapters and the head.")
  }
}
