/// A base and one adapter, written as one model that needs neither: a Hub folder as a full run leaves it.
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

  /// - Parameter anyBase: skip the check that the adapter was trained over these weights.
  /// - Throws: `PoolFault`, `AdapterFault` and what the folders' readers throw.
  public init(base: String, adapter: String, anyBase: Bool) throws {
    (self.base, self.adapter) = (base, adapter)
    sidecar = try Sidecar(folder: adapter)
    baseHash = try Checkpoint(folder: base).sha256()
    pool = try AdapterPool(
      folder: base, adapters: [("adapter", adapter)], withBase: false, anyBase: anyBase,
      kind: sidecar?.task == "masked_lm" ? .maskedLM : .tokenClassification)
  }

  /// Writes config.json, model.safetensors, the tokenizer, tune.json and a card into `folder`.
  /// - Throws: `MergeFault` where the adapter's method cannot be merged.
  public func save(to folder: String, as format: FloatFormat) throws {
    let member = pool.members[0]
    try pool.with(member) {
      try member.adapter?.merge()
      try pool.model.save(to: folder, labels: member.labels, as: format)
    }
    try member.encoder.tokenizer.save(to: folder, readsKinds: pool.model.config.family.hasTokenTypes)
    try writeFile(settings(member).text() + "\n", to: folder + "/tune.json")
    try writeFile(card(member), to: folder + "/README.md")
  }

  /// tune.json: the adapter's, or, of one that somebody else made, what is known.
  private func settings(_ member: AdapterPool.Member) -> JSON {
    var object =
      sidecar?.json.object ?? [
        "format": 1, "task": "token_classification", "labels": .array(member.labels.map(JSON.string)),
        "max_length": .int(member.encoder.maxLength), "stride": .int(member.encoder.stride),
        "tokenizer": member.encoder.tokenizer.settings,
      ]
    let parameters = pool.model.parameters.reduce(0) { $0 + $1.count }
    object["base"] = ["name": .string(baseName), "sha256": .string(baseHash), "parameters": .int(parameters)]
    object["merged"] = ["name": .string(lastPathComponent(adapter)), "peft_type": .string(method)]
    return .object(object)
  }

  private var baseName: String { sidecar?.json["base"]?["name"]?.string ?? lastPathComponent(base) }

  private var method: String { pool.members[0].adapter.map { type(of: $0.method).peftType } ?? "" }

  private func card(_ member: AdapterPool.Member) -> String {
    let isMasked = pool.model.headType == .maskedLM
    return """
      ---
      base_model: \(baseName)
      library_name: transformers
      pipeline_tag: \(isMasked ? "fill-mask" : "token-classification")
      tags:
      - merged
      - tune
      ---

      # \(baseName) with an adapter folded in

      | | |
      |---|---|
      | base | \(baseName), SHA-256 of its weights \(baseHash) |
      | adapter | \(lastPathComponent(adapter)), \(method) |
      | labels | \(isMasked ? "the vocabulary" : member.labels.joined(separator: ", ")) |

      ## How to use

      \(isMasked ? "With transformers' AutoModelForMaskedLM, or as \"model.path\" of a recipe." : "`tune predict THIS_FOLDER FILE`, or with transformers' AutoModelForTokenClassification.")

      """
  }
}
