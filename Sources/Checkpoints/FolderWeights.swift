/// Chooses the weights of a Hub folder, which may have several forms of them, remains of an older revision, or an
/// unfinished download. Does not open them.
import Files
import FoundationEssentials

struct FolderWeights {
  private let folder: String

  /// - Throws: `FileFault.missing`.
  init(_ folder: String) throws(FileFault) {
    guard fileExists(folder) else { throw .missing(path: folder) }
    self.folder = folder
  }

  private static let single = ["model.safetensors", "pytorch_model.bin"]

  /// The file of all weights, or the index of their shards, and what the user should know about the choice.
  func choose() throws -> (file: String, notes: [String]) {
    // In transformers' order.
    let present = Self.single.flatMap { [$0, $0 + ".index.json"] }.filter { fileExists(folder + "/" + $0) }
    let stale = present.filter { $0.hasSuffix(".index.json") && hasNoShard($0) }
    // An index without any shard is the remains of another revision, if there are other weights.
    guard let chosen = present.first(where: { !stale.contains($0) }) ?? stale.first else { throw noWeights }
    var notes: [String] = []
    if chosen != stale.first {
      notes += stale.map { "\(folder): \($0) is ignored, because none of its shards is there" }
    }
    if chosen.contains("safetensors"), let other = present.first(where: { $0.contains(".bin") && !stale.contains($0) })
    {
      notes.append("\(folder): has \(chosen) and \(other); \(chosen) is read")
    }
    return (folder + "/" + chosen, notes)
  }

  private func hasNoShard(_ index: String) -> Bool {
    guard let index = try? ShardIndex(path: folder + "/" + index) else { return false }
    return !index.shards.values.contains { fileExists(folder + "/" + $0) }
  }

  private var noWeights: CheckpointFault {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    let downloads =
      (try? FileManager.default.contentsOfDirectory(atPath: folder + "/.cache/huggingface/download")) ?? []
    let endings = [".incomplete", ".part", ".crdownload", ".download"]
    let unfinished =
      names.first { name in name.contains("model") && endings.contains(where: name.hasSuffix) }
      ?? downloads.filter { $0.hasSuffix(".incomplete") }.min().map { ".cache/huggingface/download/" + $0 }
    if let unfinished { return .incompleteDownload(folder: folder, found: unfinished) }
    if let other = ["tf_model.h5", "flax_model.msgpack"].first(where: names.contains) {
      return .otherFramework(folder: folder, found: other)
    }
    return .noWeights(folder: folder)
  }
}
