/// LoRA's adapter_config.json, with every key that PEFT 0.21 writes.
import Files
import Models

extension LoRAConfig {
  /// - Parameter base: what the file names as the base model; never an absolute path.
  func json(base: String, kind: HeadKind) -> JSON {
    func whole(_ value: Double) -> JSON {
      value == value.rounded() && abs(value) < 1e15 ? .int(Int(value)) : .double(value)
    }
    var object: [String: JSON] = [
      "alora_invocation_tokens": nil, "arrow_config": nil, "auto_mapping": nil, "corda_config": nil,
      "ensure_weight_tying": false, "eva_config": nil, "fan_in_fan_out": false, "inference_mode": true,
      "init_lora_weights": true, "kasa_config": nil, "layer_replication": nil, "layers_pattern": nil,
      "loftq_config": [:], "lora_bias": false, "lora_ga_config": nil, "megatron_config": nil,
      "megatron_core": "megatron.core", "monteclora_config": nil, "peft_type": "LORA", "peft_version": "0.21.2",
      "qalora_group_size": 16, "revision": nil, "target_parameters": nil, "trainable_token_indices": nil,
      "use_bdlora": nil, "use_dora": false, "use_qalora": false, "velora_config": nil,
    ]
    object["alpha_pattern"] = .object(alphaPattern.mapValues(whole))
    object["base_model_name_or_path"] = .string(base)
    object["bias"] = .string(bias.rawValue)
    object["exclude_modules"] = exclude?.json ?? .null
    object["layers_to_transform"] = layers.map { .array($0.map(JSON.int)) } ?? .null
    object["lora_alpha"] = whole(alpha)
    object["lora_dropout"] = .double(dropout)
    object["modules_to_save"] = .array((["classifier", "score"] + modulesToSave).map(JSON.string))
    object["r"] = .int(rank)
    object["rank_pattern"] = .object(rankPattern.mapValues(JSON.int))
    object["target_modules"] = targets?.json ?? .null
    object["task_type"] =
      switch kind {
      case .tokens: "TOKEN_CLS"
      case .sequence: "SEQ_CLS"
      case .masked: .null
      }
    object["use_rslora"] = .bool(useRSLoRA)
    return .object(object)
  }

  /// Reads a PEFT folder's adapter_config.json. What this program cannot do is an error, never a silent difference.
  init(adapterFolder folder: String) throws {
    let file = folder + "/adapter_config.json"
    let json = try JSON(path: file)
    var problems: [String] = []
    func want<T>(_ key: String, _ kind: String, _ value: (JSON) -> T?) -> T? {
      guard let found = json[key], found != .null else { return nil }
      if let value = value(found) { return value }
      problems.append("'\(key)' is \(found.text(pretty: false).prefix(60)); expected \(kind).")
      return nil
    }
    if json["peft_type"]?.string != "LORA" {
      problems.append("'peft_type' is \(json["peft_type"]?.text(pretty: false) ?? "missing"); supported: \"LORA\".")
    }
    problems += Self.unsupported(in: json)
    self.init()
    rank = want("r", "a whole number from 1 on") { $0.int.flatMap { (1...65536).contains($0) ? $0 : nil } } ?? 8
    alpha = want("lora_alpha", "a number") { $0.number } ?? 8
    dropout =
      want("lora_dropout", "a number from 0 to below 1") { $0.number.flatMap { (0..<1).contains($0) ? $0 : nil } } ?? 0
    useRSLoRA = want("use_rslora", "true or false") { $0.bool } ?? false
    bias = want("bias", "\"none\", \"all\" or \"lora_only\"") { $0.string.flatMap(Bias.init) } ?? .none
    targets = want("target_modules", "a list of names or a regular expression", Targets.init)
    exclude = want("exclude_modules", "a list of names or a regular expression", Targets.init)
    rankPattern =
      want("rank_pattern", "whole numbers by module") {
        map($0) { $0.int.flatMap { (1...65536).contains($0) ? $0 : nil } }
      } ?? [:]
    alphaPattern = want("alpha_pattern", "numbers by module") { map($0) { $0.number } } ?? [:]
    layers = want("layers_to_transform", "a whole number or a list of them") {
      $0.int.map { [$0] } ?? list($0) { $0.int }
    }
    let saved = want("modules_to_save", "a list of names") { list($0) { $0.string } } ?? []
    modulesToSave = saved.filter { !["classifier", "score"].contains($0) }
    if !problems.isEmpty { throw AdapterFault.unsupported(file: file, problems: problems) }
  }

  /// Options that change the result and that are not built here.
  private static func unsupported(in json: JSON) -> [String] {
    let mustBeOff = [
      "use_dora", "use_qalora", "use_bdlora", "lora_bias", "fan_in_fan_out", "target_parameters", "layer_replication",
      "trainable_token_indices", "alora_invocation_tokens", "megatron_config", "arrow_config", "kasa_config",
      "velora_config", "monteclora_config", "layers_pattern",
    ]
    return mustBeOff.compactMap { key in
      switch json[key] {
      case nil, .null, .bool(false), .array([]), .object([:]), .string(""): nil
      case let found?: "'\(key)' is \(found.text(pretty: false).prefix(60)), which is not supported."
      }
    }
  }
}

private func list<T>(_ json: JSON, _ element: (JSON) -> T?) -> [T]? {
  guard let array = json.array else { return nil }
  let values = array.compactMap(element)
  return values.count == array.count ? values : nil
}

private func map<T>(_ json: JSON, _ element: (JSON) -> T?) -> [String: T]? {
  guard let object = json.object else { return nil }
  let values = object.compactMapValues(element)
  return values.count == object.count ? values : nil
}

extension LoRAConfig.Targets {
  var json: JSON {
    switch self {
    case .suffixes(let names): .array(names.sorted().map(JSON.string))
    case .pattern(let pattern): .string(pattern)
    case .allLinear: "all-linear"
    }
  }

  init?(_ json: JSON) {
    switch json {
    case "all-linear": self = .allLinear
    case .string(let pattern): self = .pattern(pattern)
    default:
      guard let names = list(json, { $0.string }), !names.isEmpty else { return nil }
      self = .suffixes(names)
    }
  }
}
