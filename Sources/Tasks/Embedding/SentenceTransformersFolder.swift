package import Encoders
/// The folder of a model that sentence-transformers loads: modules.json, and the settings of its modules. Does not hold weights.
package import Files

package struct SentenceTransformersFolder: Sendable, Equatable {
  package let pooling: Pooling
  /// The most tokens of a text; nil: not stated.
  package let maxLength: Int?

  package init(_ pooling: Pooling, maxLength: Int?) { (self.pooling, self.maxLength) = (pooling, maxLength) }

  /// Reads the form of sentence-transformers 6, and that of the versions before. nil: the folder has no modules.json.
  /// - Throws: `FileFault` for modules or settings that change vectors in a way that is not supported.
  package init?(_ folder: String) throws {
    let file = folder + "/modules.json"
    guard fileExists(file) else { return nil }
    let modules = (try JSON(path: file).array ?? []).map { module in
      (
        type: module["type"]?.string?.split(separator: ".").last.map(String.init) ?? "",
        path: module["path"]?.string ?? ""
      )
    }
    guard modules.first?.type == "Transformer", modules.first?.path == "", modules.dropFirst().first?.type == "Pooling",
      modules.dropFirst(2).map(\.type) == [] || modules.dropFirst(2).map(\.type) == ["Normalize"]
    else {
      throw Self.unsupported(
        file, "the modules " + modules.map(\.type).joined(separator: ", "), "Transformer, Pooling and Normalize")
    }
    let settings = try Self.settings(folder, "sentence_bert_config.json")
    if settings["do_lower_case"] == true {
      throw Self.unsupported(folder + "/sentence_bert_config.json", "'do_lower_case' true", "false")
    }
    let prompts = try Self.settings(folder, "config_sentence_transformers.json")
    if let name = prompts["default_prompt_name"]?.string {
      throw Self.unsupported(folder + "/config_sentence_transformers.json", "the default prompt \"\(name)\"", "none")
    }
    let mode = try Self.mode("\(folder)/\(modules[1].path)/config.json")
    pooling = Pooling(mode, normalizes: modules.count > 2)
    let limits = [
      settings["max_seq_length"]?.int, try Self.settings(folder, "tokenizer_config.json")["model_max_length"]?.int,
    ].compactMap { $0 }
    maxLength = limits.min()
  }

  private static func settings(_ folder: String, _ name: String) throws -> JSON {
    fileExists("\(folder)/\(name)") ? try JSON(path: "\(folder)/\(name)") : [:]
  }

  private static func mode(_ file: String) throws -> Pooling.Mode {
    let json = try JSON(path: file)
    let modes =
      json["pooling_mode"].map { $0.array?.compactMap(\.string) ?? [$0.string ?? ""] }
      ?? oldModes.filter { json[$0.key] == true }.map(\.mode)
    guard modes.count <= 1, let mode = Pooling.Mode(rawValue: modes.first ?? "mean") else {
      throw unsupported(file, "the pooling " + modes.joined(separator: " and "), "mean or cls")
    }
    return mode
  }

  /// Keys of versions before 6.
  private static let oldModes = [
    "cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken",
  ].map { name in
    (key: "pooling_mode_" + name, mode: name.replacing("_tokens", with: "").replacing("_token", with: ""))
  }

  private static func unsupported(_ file: String, _ found: String, _ expected: String) -> FileFault {
    .malformed(
      file: file, line: nil, found: found,
      expected: expected + ". To use the encoder with another pooling, set task.pooling and task.normalize")
  }
}

extension SentenceTransformersFolder {
  /// Writes the files in the form of sentence-transformers 5, which 6 reads too.
  /// - Parameter hiddenSize: of the vectors.
  /// - Throws: `FileFault`.
  package func write(to folder: String, hiddenSize: Int) throws(FileFault) {
    let types = ["Transformer", "Pooling"] + (pooling.normalizes ? ["Normalize"] : [])
    let modules = types.enumerated().map { index, type -> JSON in
      [
        "idx": .int(index), "name": .string("\(index)"), "path": .string(index == 0 ? "" : "\(index)_\(type)"),
        "type": .string("sentence_transformers.models.\(type)"),
      ]
    }
    var poolingConfig: [String: JSON] = ["word_embedding_dimension": .int(hiddenSize), "include_prompt": true]
    for (key, mode) in Self.oldModes { poolingConfig[key] = .bool(mode == pooling.mode.rawValue) }
    let files: [(name: String, json: JSON)] = [
      ("modules.json", .array(modules)), ("1_Pooling/config.json", .object(poolingConfig)),
      ("sentence_bert_config.json", ["max_seq_length": maxLength.map(JSON.int) ?? .null, "do_lower_case": false]),
      (
        "config_sentence_transformers.json",
        ["prompts": [:], "default_prompt_name": .null, "similarity_fn_name": "cosine"]
      ),
    ]
    for (index, type) in types.enumerated().dropFirst() { try makeFolder("\(folder)/\(index)_\(type)") }
    for (name, json) in files { try writeFile(json.text() + "\n", to: "\(folder)/\(name)") }
  }
}
