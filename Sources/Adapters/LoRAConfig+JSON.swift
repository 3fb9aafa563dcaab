package import Encoders
/// LoRA's keys of adapter_config.json, all that PEFT 0.21 writes.
package import Files

/// Keys of PEFT's `LoraConfig` and of its subclasses, with the values written if a method does not set them.
let peftLoRADefaults: [String: JSON] = [
  "alora_invocation_tokens": nil, "arrow_config": nil, "corda_config": nil, "ensure_weight_tying": false,
  "eva_config": nil, "fan_in_fan_out": false, "init_lora_weights": true, "kasa_config": nil,
  "layer_replication": nil, "layers_pattern": nil, "loftq_config": [:], "lora_bias": false, "lora_ga_config": nil,
  "megatron_config": nil, "megatron_core": "megatron.core", "monteclora_config": nil, "qalora_group_size": 16,
  "target_parameters": nil, "trainable_token_indices": nil, "use_bdlora": nil, "use_dora": false,
  "use_qalora": false, "use_rslora": false, "velora_config": nil,
]

/// Those that change the result and are not supported.
let unsupportedLoRAKeys = [
  "use_qalora", "use_bdlora", "lora_bias", "fan_in_fan_out", "target_parameters", "layer_replication",
  "alora_invocation_tokens", "megatron_config", "arrow_config", "kasa_config",
  "velora_config", "monteclora_config",
]

/// Those that only matter for the initialization, for training, or beside an unsupported key.
let ignoredLoRAKeys = [
  "corda_config", "ensure_weight_tying", "eva_config", "loftq_config", "lora_ga_config", "megatron_core",
  "qalora_group_size", "runtime_config",
]

extension LoRAConfig {
  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, strict: false).map(\.projection.name)
    var settings = peftLoRADefaults
    // [A; A₀] and [B, -B₀] are a plain LoRA of twice the rank; alpha is such that the scale stays the same.
    let rankFactor = initialization.isPartOfWeight ? 2 : 1
    let alphaFactor = useRSLoRA ? Double(rankFactor).squareRoot() : Double(rankFactor)
    switch initialization {
    case .gaussian, .orthogonal: settings["init_lora_weights"] = .string(initialization.name)
    case .default, .pissa, .pissaByIteration, .olora: break
    }
    settings["use_dora"] = .bool(useDoRA)
    let alphas = try NamePatterns.forFile(
      alphaPattern, of: chosen, key: "alpha_pattern", patternOrder, nameInFile: modules.nameInFile)
    let ranks = try NamePatterns.forFile(
      rankPattern, of: chosen, key: "rank_pattern", patternOrder, nameInFile: modules.nameInFile)
    settings["alpha_pattern"] = .object(alphas.mapValues { jsonNumber($0 * alphaFactor) })
    settings["bias"] = .string(bias.rawValue)
    settings["lora_alpha"] = jsonNumber(alpha * alphaFactor)
    settings["lora_dropout"] = .double(dropout)
    settings["modules_to_save"] = modules.modulesToSaveJSON(in: model)
    settings["r"] = .int(rank * rankFactor)
    settings["rank_pattern"] = .object(ranks.mapValues { .int($0 * rankFactor) })
    settings.merge(modules.listsJSON(of: chosen, in: model)) { _, targets in targets }
    settings["use_rslora"] = .bool(useRSLoRA)
    return settings
  }

  package init(_ file: inout AdapterConfigReader) {
    file.refuse(unsupportedLoRAKeys)
    file.ignore(ignoredLoRAKeys)
    rank = file.positiveInt("r") ?? 8
    alpha = file["lora_alpha", "a number", { $0.number }] ?? 8
    dropout = file.fraction("lora_dropout") ?? 0
    useRSLoRA = file.flag("use_rslora")
    bias = Bias(&file)
    rankPattern = file.positiveInts(byPattern: "rank_pattern")
    alphaPattern = file.numbers(byPattern: "alpha_pattern")
    patternOrder = file.patternOrder
    useDoRA = file.flag("use_dora")
    initialization = readInit(&file)
    modules = ModuleChoice(&file)
  }

  /// A and B are in the file, so only those initializations matter that changed the base weight.
  private func readInit(_ file: inout AdapterConfigReader) -> LoRAInit {
    let found = file["init_lora_weights", "true, false or a string", { $0.string ?? $0.bool.map { _ in "default" } }]
    switch (found ?? "default").lowercased() {
    case "default", "gaussian", "orthogonal", "eva", "mica": break
    case "pissa" where !useDoRA: return .pissa
    case "olora" where !useDoRA: return .olora
    case let name:
      file.problem(
        "'init_lora_weights' is \"\(name)\", which changed the base weights, and the file does not contain the change. "
          + "Save the adapter with PEFT's 'path_initial_model_for_weight_conversion'.")
    }
    return .default
  }
}
