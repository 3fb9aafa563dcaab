/// Merges an adapter into a copy of its base, and saves the result in the Hub's layout, like the model folder of a full
/// run.
import Adapters
import Autograd
package import Checkpoints
import Encoders
import Files
import Tasks
import Tokenization

package struct MergedModel {
  private let loaded: ServedBase
  private let member: Member
  private let base, adapter: String

  /// - Parameters: as of `ServedBase`.
  /// - Throws: `PoolFault`, `AdapterFault`, `CheckpointFault.notFinite` and faults of the folders' readers.
  package init(base: String, adapter: String, anyBase: Bool, threads: Int = 1) throws {
    (self.base, self.adapter) = (base, adapter)
    loaded = try ServedBase(folder: base, anyBase: anyBase, threads: threads)
    member = try loaded.load(name: "adapter", folder: adapter)
  }

  /// Writes config.json, model.safetensors, the tokenizer, tune.json and a model card to `folder`.
  /// - Throws: `MergeFault` if the adapter's method cannot be merged.
  package func save(to folder: String, as format: FloatFormat) throws {
    guard let adapter = member.adapter else { preconditionFailure("the member is an adapter") }
    let model = try adapter.merged(), method = type(of: adapter.method).peftType
    try model.save(
      to: folder, labels: member.task.labels, problemType: Swift.type(of: member.task).problemType, as: format)
    let tokenizer = member.tokenizer.tokenizer
    try tokenizer.save(to: folder, hasTokenTypes: model.config.family.architecture.hasTokenTypes)
    try (member.task as? Embedding)?.sentenceTransformersFolder(member.tokenizer).write(
      to: folder, hiddenSize: model.config.hiddenSize)
    var settings = member.settings ?? TuneJSON(task: member.task)
    let baseName = settings.base?.name ?? publicName(ofBase: base, member.model.config)
    (settings.maxLength, settings.stride) = (member.tokenizer.maxLength, member.tokenizer.stride)
    settings.tokenizer = tokenizer.identity
    settings.base = .init(
      name: baseName, sha256: loaded.checkpoint.sha256,
      parameters: settings.base?.parameters ?? member.model.parameters.reduce(0) { $0 + $1.count },
      config: member.model.config.outputSettings)
    settings.merged = ["name": .string(lastPathComponent(self.adapter)), "peft_type": .string(method)]
    try settings.write(to: folder)
    let card = ModelCard(
      base: baseName, library: member.task is Embedding ? "sentence-transformers" : "transformers", task: member.task,
      tags: ["merged", "tune"],
      title: "\(baseName) with a merged adapter",
      rows: [
        ("base", "\(baseName), SHA-256 of its weights \(loaded.checkpoint.sha256)"),
        ("adapter", "\(lastPathComponent(self.adapter)), \(method)"),
      ], isAdapter: false)
    try writeFile(card.text, to: folder + "/README.md")
  }
}
