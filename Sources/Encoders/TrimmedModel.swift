/// Copies a Hub folder's model with a smaller vocabulary: config.json and model.safetensors.
/// Does not choose the tokens and does not write the tokenizer.
import Checkpoints
import Files

/// Name suffixes of the tensors with one row per token: word embeddings, and the decoders of masked-language modeling.
let vocabularyTensors =
  wordEmbeddings
  + Family.allCases.flatMap { family in
    ["weight", "bias", "decoder.weight", "decoder.bias"].map { "\(family.architecture.heads.maskedLM.output).\($0)" }
  }

private let wordEmbeddings = Set(Family.allCases.map { $0.names.wordEmbeddings + ".weight" }).sorted()

/// Writes config.json and model.safetensors into `target`. Row i of the copy's word embeddings is row `ids[i]` of the
/// model's, and likewise for the decoder. All other tensors, and all dtypes, are unchanged.
/// - Parameter tokens: the number of tokens of the folder's tokenizer.
/// - Throws: `FileFault`, `CheckpointFault` (also for NaN or infinity in a tensor) or `ConfigFault` if the folder has no model, or its vocabulary is smaller
///   than the tokenizer's.
package func trimModel(_ folder: String, tokens: Int, keeping ids: [Int], to target: String) throws {
  let file = folder + "/config.json"
  var config = try JSON(path: file).object ?? [:]
  guard let size = config["vocab_size"]?.int, size >= tokens else {
    let found = config["vocab_size"]?.text(pretty: false) ?? "missing"
    throw ConfigFault(
      file: file,
      problems: ["'vocab_size' is \(found), but the tokenizer has \(tokens) tokens. Do they belong to the same model?"])
  }
  try checkPadding(.object(config), keeping: ids, file)
  let checkpoint = try Checkpoint(folder: folder)
  var rows = [String: [Int]]()
  for name in checkpoint.names where vocabularyTensors.contains(where: name.hasSuffix) {
    let shape = try checkpoint.info(name).shape
    rows[name] = ids
    _ = try checkpoint.info(name, shape: [size] + shape.dropFirst())
  }
  guard rows.keys.contains(where: { wordEmbeddings.contains(where: $0.hasSuffix) }) else {
    let name = "embeddings." + (Family(config: .object(config)) ?? .bert).names.wordEmbeddings + ".weight"
    throw CheckpointFault.noTensor(
      file: checkpoint.files.first ?? folder, name: name, nearest: nearest(to: name, among: checkpoint.names))
  }
  try checkpoint.checkFinite(checkpoint.names)
  config["vocab_size"] = .int(ids.count)
  // pad_token_id and similar keys. The id of a removed token becomes null.
  for (key, value) in config where key.hasSuffix("_token_id") {
    if let id = value.int { config[key] = ids.firstIndex(of: id).map(JSON.int) ?? .null }
  }
  try makeFolder(target)
  try checkpoint.copy(to: target + "/model.safetensors", rows: rows)
  try writeFile(JSON.object(config).text() + "\n", to: target + "/config.json")
}

/// Throws if the position ids of a family that counts them from the padding token's id would change.
private func checkPadding(_ config: JSON, keeping ids: [Int], _ file: String) throws {
  guard let architecture = Family(config: config)?.architecture, architecture.positions == .afterPadding else { return }
  let padding = config["pad_token_id"]?.int ?? architecture.keys.defaults.padTokenID
  if ids.firstIndex(of: padding) == padding { return }
  throw ConfigFault(
    file: file,
    problems: [
      "'pad_token_id' is \(padding), from which this family counts positions, but the trimmed vocabulary has another id "
        + "for this token. Only vocabularies whose tokens up to \(padding) are kept can be trimmed."
    ])
}
