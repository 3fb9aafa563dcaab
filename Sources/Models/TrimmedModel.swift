/// A copy of a Hub folder's model that knows fewer tokens: config.json and model.safetensors.
/// Does not choose the tokens and does not write the tokenizer.
import Checkpoints
import Files

/// Tensors with one row a token, by how their names end: BERT's and DistilBERT's embeddings, and what predicts a token.
private let vocabularyTensors = [
  "word_embeddings.weight", "predictions.decoder.weight", "predictions.decoder.bias", "predictions.bias",
  "vocab_projector.weight", "vocab_projector.bias",
]

/// Writes config.json and model.safetensors into `target`. Row i of the copy's word embeddings is row `ids[i]` of the
/// model's, and likewise for what predicts tokens; all else is as it was, dtypes too.
/// - Parameter tokens: how many tokens the folder's tokenizer has.
/// - Throws: `FileFault`, `CheckpointFault`, `ConfigFault` for a folder without a model, or with another one than the
///   tokenizer's.
public func trimModel(_ folder: String, tokens: Int, keeping ids: [Int], to target: String) throws {
  let file = folder + "/config.json"
  var config = try JSON(path: file).object ?? [:]
  guard let size = config["vocab_size"]?.int, size >= tokens else {
    let found = config["vocab_size"]?.text(pretty: false) ?? "missing"
    throw ConfigFault(
      file: file,
      problems: ["'vocab_size' is \(found), but the tokenizer has \(tokens) tokens. Do both belong to one model?"])
  }
  let checkpoint = try Checkpoint(folder: folder)
  var rows = [String: [Int]]()
  for name in checkpoint.names where vocabularyTensors.contains(where: name.hasSuffix) {
    let shape = try checkpoint.info(name).shape
    rows[name] = ids
    _ = try checkpoint.info(name, shape: [size] + shape.dropFirst())
  }
  guard rows.keys.contains(where: { $0.hasSuffix("word_embeddings.weight") }) else {
    let name = "embeddings.word_embeddings.weight"
    throw CheckpointFault.noTensor(
      file: checkpoint.files.first ?? folder, name: name, nearest: nearest(to: name, among: checkpoint.names))
  }
  config["vocab_size"] = .int(ids.count)
  // pad_token_id and its like. One that fell away, or was never there, means nothing any more.
  for (key, value) in config where key.hasSuffix("_token_id") {
    if let id = value.int { config[key] = ids.firstIndex(of: id).map(JSON.int) ?? .null }
  }
  try makeFolder(target)
  try checkpoint.copy(to: target + "/model.safetensors", rows: rows)
  try writeFile(JSON.object(config).text() + "\n", to: target + "/config.json")
}
