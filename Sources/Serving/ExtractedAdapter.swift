/// Extracts an adapter from a model that was fine-tuned in full, and saves it like a run's.
package import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Tasks
import Tokenization

package struct ExtractedAdapter {
  package let extraction: Extraction
  private let tuned: Member
  private let base: TextModel
  private let baseName, baseHash: String

  /// - Parameters:
  ///   - base: the folder of the model that `model` began with.
  ///   - model: the folder of the fine-tuned model.
  /// - Throws: `PoolFault`, `CombinationFault` and faults of the folders' readers.
  package init(base folder: String, model: String, rank: Int, threads: Int = 1) throws {
    let tuned = try ServedBase(folder: model, threads: threads).own()
    let config = try ModelConfig(folder: folder), task = tuned.task
    var settings = TuneJSON(task: task)
    settings.base = .init(name: "", sha256: nil, parameters: nil, config: tuned.model.config.outputSettings)
    settings.tokenizer = tuned.tokenizer.tokenizer.identity
    let tokenizer = try loadTokenizer(folder: folder, tuned.settings?.tokenizerOverrides ?? .init())
    let differences = settings.differences(of: config, tokenizer: tokenizer.identity, sha256: "")
    if !differences.isEmpty { throw PoolFault.differentBase(adapter: model, base: folder, differences) }
    let checkpoint = try Checkpoint(folder: folder, threads: threads)
    base = try TextModel(
      config, checkpoint, headType: tuned.model.headType, layers: task.headLayers, classes: max(task.labels.count, 1),
      reuseHead: true, seed: 0)
    self.tuned = tuned
    (baseName, baseHash) = (publicName(ofBase: folder, config), checkpoint.sha256)
    extraction = try Adapter.extracted(from: tuned.model, base: base, rank: rank)
  }

  package func save(to folder: String) throws {
    var settings = tuned.settings ?? TuneJSON(task: tuned.task)
    settings.base = .init(
      name: baseName, sha256: baseHash, parameters: base.parameters.reduce(0) { $0 + $1.count },
      config: base.config.outputSettings)
    (settings.recipe, settings.merged) = (nil, nil)
    settings.combined = ["combination_type": "svd", "extracted_from": .string(lastPathComponent(tuned.folder))]
    try extraction.adapter.save(to: folder, base: baseName, head: base.headType)
    try settings.write(to: folder)
    let card = ModelCard(
      base: baseName, library: "peft", task: tuned.task, tags: ["lora", "tune"],
      title: "\(baseName) with an extracted adapter",
      rows: [("base", "\(baseName), SHA-256 of its weights \(baseHash)")], isAdapter: true)
    try writeFile(card.text, to: folder + "/README.md")
  }
}
