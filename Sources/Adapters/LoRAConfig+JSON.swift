/// LoRA's own keys of adapter_config.json, all that PEFT 0.21 writes.
public import Files
public import Models

/// Keys of PEFT's LoraConfig, and of those that are built on it, with what they say here.
let peftLoRAKeys: [String: JSON] = [
  "alora_invocation_tokens": nil, "arrow_config": nil, "corda_config": nil, "ensure_weight_tying": false,
  "eva_config": nil, "fan_in_fan_out": false, "init_lora_weights": true, "kasa_config": nil,
  "layer_replication": nil, "layers_pattern": nil, "loftq_config": [:], "lora_bias": false, "lora_ga_config": nil,
  "megatron_config": nil, "megatron_core": "megatron.core", "monteclora_config": nil, "qalora_group_size": 16,
  "target_parameters": nil, "trainable_token_indices": nil, "use_bdlora": nil, "use_dora": false,
  "use_qalora": false, "use_rslora": false, "velora_config": nil,
]

/// Those that change the result and are not built here.
let unknownLoRAKeys = [
  "use_qalora", "use_bdlora", "lora_bias", "fan_in_fan_out", "target_parameters", "layer_replication",
  "trainable_token_indices", "alora_invocation_tokens", "megatron_config", "arrow_config", "kasa_config",
  "velora_config", "monteclora_config", "layers_pattern",
]

extension LoRAConfig {
  public func configJSON(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, strict: false).map(\.projection.name)
    var settings = peftLoRAKeys
    // [A; A₀] and [B, -B₀] are a plain LoRA of twice the rank; alpha such that the scale is the same.
    let times = initialization.isPartOfWeight ? 2 : 1
    let alphaTimes = useRSLoRA ? Double(times).squareRoot() : Double(times)
    switch initialization {
    case .gaussian, .orthogonal: settings["init_lora_weights"] = .string(initialization.name)
    case .default, .pissa, .pissaByIteration, .olora: break
    }
    settings["use_dora"] = .bool(useDoRA)
    let alphas = try inOrder(alphaPattern, of: chosen, key: "alpha_pattern")
    let ranks = try inOrder(rankPattern, of: chosen, key: "rank_pattern")
    settings["alpha_pattern"] = .object(alphas.mapValues { jsonNumber($0 * alphaTimes) })
    settings["bias"] = .string(bias.rawValue)
    settings["exclude_modules"] = modules.exclude?.json ?? .null
    settings["layers_to_transform"] = modules.layersJSON
    settings["lora_alpha"] = jsonNumber(alpha * alphaTimes)
    settings["lora_dropout"] = .double(dropout)
    settings["modules_to_save"] = modules.modulesToSaveJSON
    settings["r"] = .int(rank * times)
    settings["rank_pattern"] = .object(ranks.mapValues { .int($0 * times) })
    settings["target_modules"] = modules.targets(defaults: model.config.family.names.defaultTargets, chosen: chosen)
    settings["use_rslora"] = .bool(useRSLoRA)
    return settings
  }

  public init(_ file: inout AdapterConfigReader) {
    file.refuse(unknownLoRAKeys)
    rank = file.rank("r") ?? 8
    alpha = file["lora_alpha", "a number", { $0.number }] ?? 8
    dropout = file.fraction("lora_dropout") ?? 0
    useRSLoRA = file.flag("use_rslora")
    bias = Bias(&file)
    rankPattern =
      file[
        "rank_pattern", "whole numbers by module",
        { map($0) { $0.int.flatMap { (1...65536).contains($0) ? $0 : nil } } }]
      ?? [:]
    alphaPattern = file["alpha_pattern", "numbers by module", { map($0) { $0.number } }] ?? [:]
    takesFirstPattern = true
    useDoRA = file.flag("use_dora")
    initialization = readStart(&file)
    modules = ModuleChoice(&file)
  }

  /// Of PEFT's starts only those matter that took something out of the weight.
  private func readStart(_ file: inout AdapterConfigReader) -> LoRAInit {
    let found = file["init_lora_weights", "true, false or a name", { $0.string ?? $0.bool.map { _ in "default" } }]
    switch (found ?? "default").lowercased() {
    case "default", "gaussian", "orthogonal", "eva", "mica": break
    case "pissa" where !useDoRA: return .pissa
    case "olora" where !useDoRA: return .olora
    case let name:
      file.problem(
        "'init_lora_weights' is \"\(name)\": the weight was changed in a way that this file does not say. Save it with "
          + "PEFT's 'path_initial_model_for_weight_conversion'.")
    }
    return .default
  }
}
