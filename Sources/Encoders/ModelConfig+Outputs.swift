/// The settings of config.json that change a model's outputs.
import Autograd
package import Files

extension ModelConfig {
  /// By their keys, as they are in effect: defaults are written out, and an activation has the same name whatever the file
  /// calls it. Without dropout, which does not affect inference, and without labels, which an adapter brings.
  package var outputSettings: [String: JSON] {
    let keys = family.keys
    var settings: [String: JSON] = ["model_type": .string(family.rawValue)]
    for (key, value) in sizes { settings[key] = .int(value) }
    if let key = keys.layerNormEps { settings[key] = .double(json[key]?.number ?? keys.defaults.layerNormEps) }
    settings[keys.activation] = .string(activation.configName)
    if let paddingID { settings["pad_token_id"] = .int(Int(paddingID)) }
    if let rotary {
      // By layer, however the file says it.
      settings["rope_theta"] = .array(rotary.attention.map { wholeNumber($0.rotary.theta) })
      settings["sliding_window"] = .array(attentionWindows.map { $0.map(JSON.int) ?? .null })
      settings["classifier_pooling"] = rotary.poolsMean ? "mean" : "cls"
      settings["classifier_activation"] = .string(rotary.headActivation.configName)
    }
    return settings
  }

  /// Whether a text is classified from the mean of its hidden states; else from its first.
  package var classifiesMean: Bool { rotary?.poolsMean == true }

  /// For each layer, the largest distance between tokens that attend to each other; nil: all do.
  package var attentionWindows: [Int?] {
    rotary?.attention.map(\.window) ?? Array(repeating: nil, count: numHiddenLayers)
  }
}

/// A whole number as an integer, as it is read again.
private func wholeNumber(_ value: Double) -> JSON { Int(exactly: value).map(JSON.int) ?? .double(value) }

extension Activation {
  fileprivate var configName: String {
    switch self {
    case .gelu: "gelu"
    case .geluTanh: "gelu_new"
    case .relu: "relu"
    case .silu: "silu"
    case .tanh: "tanh"
    }
  }
}
