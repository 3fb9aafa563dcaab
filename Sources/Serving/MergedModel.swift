/// Merges an adapter into its base, and saves the result in the Hub's layout, like the model folder of a full run.
import Adapters
import Autograd
public import Checkpoints
import Files
import Models
import Tasks
import Tokenizers

public struct MergedModel {
  private let pool: AdapterPool
  private let base, adapter: String
  private let sidecar: Sidecar?
  private let baseHash: String

  /// - Parameter anyBase: skip the check that the adapter was trained on these weights.
  /// - Throws: `PoolFault`, `AdapterFault` and faults of the folders' readers.
  public init(base: String, adapter: String, anyBase: Bool) throws {
    (self.base, self.adapter) = (base, adapter)
    sidecar = try Sidecar(folder: adapter)
    baseHash = try Checkpoint(folder: base).sha256()
    pool = try AdapterPool(
      folder: base, adapters: [("adapter", adapter)], withBase: false, anyBase: anyBase,
      headType: sidecar?.task == "masked_lm" ? .maskedLM : .tokenClassification)
  }

  /// Writes config.json, model.safetensors, the tokenizer, tune.json and a model card to `folder`.
  /// - Throws: `MergeFault` if the adapter's method cannot be merged.
  public func save(to folder: String, as format: FloatFormat) throws {
    let member = pool.members[0]
    try pool.with(member) {
      try member.adapter?.merge()
      try pool.model.save(to: folder, labels: member.labels, as: format)
    }
    try member.tokenizer.wordPiece.save(to: folder, hasTokenTypes: pool.model.config.family.hasTokenTypes)
    try writeFile(settings(member).text() + "\n", to: folder + "/tune.json")
    try writeFile(card(member), to: folder + "/README.md")
  }

  /// tune.json: the adapter's with additions, or what is known of an adapter that tune did not make.
  private func settings(_ member: AdapterPool.Member) -> JSON {
    var object =
      sidecar?.json.object ?? [
        "format": 1, "task": "token_classification", "labels": .array(member.labels.map(JSON.string)),
        "max_length": .int(member.tokenizer.maxLength), "stride": .int(member.tokenizer.stride),
        "tokenizer": member.tokenizer.wordPiece.settings,
      ]
    let parameters = pool.model.parameters.reduce(0) { $0 + $1.count }
    object["base"] = ["name": .string(baseName), "sha256": .string(baseHash), "parameters": .int(parameters)]
    object["merged"] = ["name": .string(lastPathComponent(adapter)), "peft_type": .string(method)]
    return .object(object)
  }

  private var baseName: String { sidecar?.json["base"]?["name"]?.string ?? lastPathComponent(base) }

  private var method: String { pool.members[0].adapter.map { type(of: $0.method).peftType } ?? "" }

  private func card(_ member: AdapterPool.Member) -> String {
    let isMaskedLM = pool.model.headType == .maskedLM
    let usage =
      isMaskedLM
      ? "With transformers' AutoModelForMaskedLM, or as \"model.path\" of a recipe."
      : "`tune predict THIS_FOLDER FILE`, or with transformers' AutoModelForTokenClassification."
    return """
      ---
      base_model: \(baseName)
      library_name: transformers
      pipeline_tag: \(isMaskedLM ? "fill-mask" : "token-classification")
      tags:
      - merged
      - tune
      ---

      # \(baseName) with a merged adapter

      | | |
      |---|---|
      | base | \(baseName), SHA-256 of its weights \(baseHash) |
      | adapter | \(lastPathComponent(adapter)), \(method) |
      | labels | \(isMaskedLM ? "the vocabulary" : member.labels.joined(separator: ", ")) |

      ## How to use

      \(usage)

      """
  }
}
