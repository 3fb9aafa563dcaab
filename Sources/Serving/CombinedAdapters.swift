/// Adapters of one base, made from the updates of other adapters. Each has the head and the task of one of them.
package import Adapters
import Autograd
import Checkpoints
import Encoders
package import Files
import Tasks

package struct CombinedAdapters {
  package typealias Source = (name: String, path: String)
  private let base: String
  private let sources: [Source]
  private let anyBase: Bool
  private let threads: Int
  private let updates: [[String: WeightUpdate]]

  /// Reads the adapters' updates. They may be of different tasks.
  /// - Parameter anyBase: skip the check that each adapter was trained on this base.
  /// - Throws: `CombinationFault` with the adapter's folder; faults of the folders' readers.
  package init(base: String, _ sources: [Source], anyBase: Bool, threads: Int = 1) throws {
    (self.base, self.sources, self.anyBase, self.threads) = (base, sources, anyBase, threads)
    updates = try sources.map { source in
      let adapter = try Self.load(source, base, anyBase, threads).member.adapter!
      do { return try adapter.weightUpdates() } catch {
        throw FileFault.malformed(
          file: source.path, line: nil, found: "\(error)", expected: "an adapter of projections")
      }
    }
  }

  private static func load(
    _ source: Source, _ base: String, _ anyBase: Bool, _ threads: Int
  ) throws -> (base: ServedBase, member: Member) {
    let base = try ServedBase(folder: base, anyBase: anyBase, threads: threads)
    return (base, try base.load(name: source.name, folder: source.path))
  }

  /// - Parameter weights: one for each adapter.
  package func combine(_ combination: AdapterCombination, weights: [Double]) throws -> AdapterCombination.Result {
    try combination.combine(zip(updates, weights).map { ($0, $1) })
  }

  /// Writes the result as an adapter with the head of the source `name`.
  /// - Parameter origin: tune.json's `combined`.
  package func save(_ result: AdapterCombination.Result, headOf name: String, to folder: String, origin: JSON) throws {
    guard let source = sources.first(where: { $0.name == name }) else { preconditionFailure("no adapter \(name)") }
    let (loaded, member) = try Self.load(source, base, anyBase, threads)
    let adapter = try Adapter(factors: result.factors, rank: result.rank, headOf: member.adapter!)
    var settings = member.settings ?? TuneJSON(task: member.task)
    let baseName = settings.base?.name ?? publicName(ofBase: base, member.model.config)
    settings.base =
      settings.base
      ?? .init(
        name: baseName, sha256: loaded.checkpoint.sha256, parameters: nil, config: member.model.config.outputSettings)
    (settings.recipe, settings.combined) = (nil, origin)
    try adapter.save(to: folder, base: baseName, head: member.model.headType)
    try settings.write(to: folder)
    let card = ModelCard(
      base: baseName, library: "peft", task: member.task, tags: ["lora", "tune"],
      title: "\(baseName) with a combined adapter",
      rows: [("base", "\(baseName), SHA-256 of its weights \(loaded.checkpoint.sha256)"), ("rank", "\(result.rank)")],
      method: origin.text(), isAdapter: true)
    try writeFile(card.text, to: folder + "/README.md")
  }
}
