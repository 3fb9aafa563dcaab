/// "method": {"type": "lora", …}. Keys are those of PEFT's `LoraConfig`. Also keys that several methods share.
import Adapters
import Files

extension LoRAConfig: MethodSection {
  /// Larger than for full fine-tuning: the update is initially zero.
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("rank", &rank, .int(1...), "Rank of the update B·A.")
    fields.field(
      "alpha", &alpha, .alpha(rank: rank), "The update is scaled by alpha / rank. \"rank\": alpha is the rank.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout on the adapter's input.")
    fields.field("use_rslora", &useRSLoRA, .bool, "Scale by alpha / √rank instead (rsLoRA).")
    modules.declareTargets(fields)
    fields.field(
      "rank_pattern", &rankPattern, .byNamePattern(of: .int(1...)),
      "Other ranks for modules whose name ends with a match.")
    fields.field(
      "alpha_pattern", &alphaPattern, .byNamePattern(of: .number(above: 0)),
      "Other alphas for modules whose name ends with a match.")
    modules.declareLayers(fields)
    fields.field("bias", &bias, .choice, "Biases to train.")
    modules.declareModulesToSave(fields)
    fields.field("use_dora", &useDoRA, .bool, "Train a magnitude vector besides the update's direction (DoRA).")
    fields.field("init_lora_weights", &initialization, .initialization, "Initialization of A and B.")
    fields.optional("loraplus_lr_ratio", &loraPlusRatio, .number(above: 0), "Learning rate of B relative to A (LoRA+).")
    if useDoRA && initialization.isPartOfWeight {
      fields.fault(
        "method.init_lora_weights", "found \"\(initialization.name)\" together with 'use_dora'",
        expected: "only one of the two",
        advice: "DoRA allows \"default\", \"gaussian\" or \"orthogonal\".")
    }
  }
}

extension FieldType<LoRAInit> {
  static var initialization: Self {
    let expected =
      "\"default\", \"gaussian\", \"orthogonal\", \"pissa\", \"pissa_niter_N\" with N from 0 to 100, or \"olora\""
    let names = LoRAInit.all.map { JSON.string($0.name) }
    return Self(expected, schema: ["enum": .array(names)], write: { .string($0.name) }) {
      $0.string.flatMap(LoRAInit.init)
    }
  }
}

extension ModuleChoice {
  mutating func declareTargets(_ fields: Fields) {
    fields.optional(
      "target_modules", &targets, .modules(orAll: true), "Modules to adapt, by name suffixes.")
    declareExcluded(fields)
  }

  mutating func declareExcluded(_ fields: Fields) {
    fields.optional("exclude_modules", &exclude, .modules(orAll: false), "Modules to exclude from target_modules.")
  }

  mutating func declareLayers(_ fields: Fields) {
    fields.optional("layers_to_transform", &layers, .layers, "Layers to adapt, counted from 0.")
  }

  mutating func declareModulesToSave(_ fields: Fields) {
    fields.field(
      "modules_to_save", &modulesToSave, .list(of: .string),
      "Modules that are trained and saved in full, besides the head.")
  }
}
