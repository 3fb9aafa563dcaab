/// tune.json: what inference needs besides the weights, and where the weights come from. Its only reader and writer.
package import Files
package import Tokenization

package struct TuneJSON: Sendable {
  package static let format = 2

  package var task: any TaskInference
  /// Tokens per window, including [CLS] and [SEP], and tokens that adjacent windows share; nil: the model's defaults.
  package var maxLength, stride: Int?
  package var base: Base?
  /// The precision of the run's GEMMs: "fp32" or "bf16"; nil: unknown.
  package var precision: String?
  /// The recipe's section "data" without the files: how the run read them.
  package var data: JSON?
  /// `Tokenizer.identity` of the tokenizer that the run used.
  package var tokenizer: JSON?
  /// What overrides the base's tokenizer files: `lowercase` of the recipe, and `add_prefix_space` as the run had it.
  package var tokenizerOverrides: TokenizerOverrides {
    TokenizerOverrides(
      lowercase: tokenizer?["lowercase"]?.bool, addPrefixSpace: tokenizer?["add_prefix_space"]?.bool)
  }
  /// The recipe, without absolute paths.
  package var recipe: JSON?
  /// The adapter that was merged into these weights.
  package var merged: JSON?
  /// How other adapters became this one: `tune adapter combine`, `compress` or `extract`.
  package var combined: JSON?

  /// The base model that the adapter was trained on, or that was fine-tuned.
  package struct Base: Sendable, Codable {
    package var name: String
    /// Of the weights; nil if they were randomly initialized.
    package var sha256: String?
    package var parameters: Int?
    /// `ModelConfig.outputSettings`; nil: unknown, as in files of older versions.
    package var config: [String: JSON]?

    package init(name: String, sha256: String?, parameters: Int?, config: [String: JSON]? = nil) {
      (self.name, self.sha256, self.parameters, self.config) = (name, sha256, parameters, config)
    }

    /// Unlike a synthesized one, it writes null for nil.
    package func encode(to encoder: any Encoder) throws {
      var base = encoder.container(keyedBy: CodingKeys.self)
      try base.encode(name, forKey: .name)
      try base.encode(sha256, forKey: .sha256)
      try base.encode(parameters, forKey: .parameters)
      try base.encodeIfPresent(config, forKey: .config)
    }
  }

  package init(task: any TaskInference) { self.task = task }

  /// Returns nil if the folder has no tune.json, as for models and adapters from other tools.
  /// - Throws: `FileFault` for a file that is not valid.
  package init?(folder: String) throws {
    let file = folder + "/tune.json"
    guard fileExists(file) else { return nil }
    let json = try JSON(path: file)
    do {
      self = try Self.upgraded(json, file).decoded(as: TuneJSON.self, file: file)
    } catch TaskFault.labelNames(let names) {
      throw FileFault.malformed(
        file: file, line: nil, found: "'task.labels' has \(names.joined(separator: ", "))",
        expected: "O and tags such as B-Drug and I-Drug, or entity types")
    }
    if Set(task.labels).count < task.labels.count {
      throw FileFault.malformed(
        file: file, line: nil, found: "a label twice", expected: "distinct labels in 'task.labels'")
    }
  }

  /// Writes the folder's tune.json.
  /// - Throws: `FileFault`.
  package func write(to folder: String) throws {
    try writeFile(JSON(encoding: self).text() + "\n", to: folder + "/tune.json")
  }

  /// The contents in the current format. Format 1 had the members of "task" and "window" beside the others, and "data" in the
  /// recipe only.
  private static func upgraded(_ json: JSON, _ file: String) throws -> JSON {
    guard var object = json.object else {
      throw FileFault.malformed(file: file, line: nil, found: json.typeName, expected: "an object")
    }
    let found = json["format"] ?? 1
    guard found == 1 else {
      guard found == .int(format) else {
        throw FileFault.malformed(
          file: file, line: nil, found: "format \(found.text(pretty: false))", expected: "format \(format) or 1")
      }
      return json
    }
    object["task"] = ["type": json["task"] ?? .null, "labels": json["labels"] ?? []]
    object["window"] = ["max_length": json["max_length"] ?? .null, "stride": json["stride"] ?? .null]
    if var data = json["recipe"]?["data"]?.object {
      for key in ["train", "dev", "test", "max_length", "stride", "max_train_examples"] { data[key] = nil }
      object["data"] = .object(data)
    }
    return .object(object)
  }
}

extension TuneJSON: Codable {
  private enum Key: String, CodingKey {
    case format, task, window, base, precision, data, tokenizer, recipe, merged, combined
  }
  private enum TaskKey: String, CodingKey { case type }

  private struct Window: Codable {
    var maxLength, stride: Int?
    enum CodingKeys: String, CodingKey { case maxLength = "max_length", stride }
  }

  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: Key.self)
    let settings = try file.nestedContainer(keyedBy: TaskKey.self, forKey: .task)
    let type = try settings.decode(TaskType.self, forKey: .type)
    task = try type.inference.init(from: file.superDecoder(forKey: .task))
    let window = try file.decodeIfPresent(Window.self, forKey: .window)
    (maxLength, stride) = (window?.maxLength, window?.stride)
    base = try file.decodeIfPresent(Base.self, forKey: .base)
    precision = try file.decodeIfPresent(String.self, forKey: .precision)
    data = try file.decodeIfPresent(JSON.self, forKey: .data)
    tokenizer = try file.decodeIfPresent(JSON.self, forKey: .tokenizer)
    recipe = try file.decodeIfPresent(JSON.self, forKey: .recipe)
    merged = try file.decodeIfPresent(JSON.self, forKey: .merged)
    combined = try file.decodeIfPresent(JSON.self, forKey: .combined)
  }

  package func encode(to encoder: any Encoder) throws {
    var file = encoder.container(keyedBy: Key.self)
    try file.encode(Self.format, forKey: .format)
    var settings = try JSON(encoding: task).object ?? [:]
    settings["type"] = .string(type(of: task).name)
    try file.encode(JSON.object(settings), forKey: .task)
    try file.encode(Window(maxLength: maxLength, stride: stride), forKey: .window)
    try file.encodeIfPresent(base, forKey: .base)
    try file.encodeIfPresent(precision, forKey: .precision)
    try file.encodeIfPresent(data, forKey: .data)
    try file.encodeIfPresent(tokenizer, forKey: .tokenizer)
    try file.encodeIfPresent(recipe, forKey: .recipe)
    try file.encodeIfPresent(merged, forKey: .merged)
    try file.encodeIfPresent(combined, forKey: .combined)
  }
}
