/// A model in the Hub's cache (`models--org--name`), as huggingface_hub writes it. Writes nothing there.
import Files
import FoundationEssentials

struct CachedModel {
  private let name: HubName
  private let folder: String

  /// nil: the cache has no snapshot of the model.
  init?(_ name: HubName, in cache: String) {
    self.name = name
    folder = cache + "/" + name.cacheFolder
    guard isFolder(folder + "/snapshots") else { return nil }
  }

  /// The folder of the commit that "main" was when it was last downloaded, or of the only commit.
  /// - Throws: `ModelFolderFault.partial` if a file is missing: huggingface_hub downloads file by file.
  func snapshot() throws -> String? {
    let commits = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/snapshots")) ?? []
    let main = try? readText(folder + "/refs/main")
    guard let commit = main ?? (commits.count == 1 ? commits[0] : nil), commits.contains(commit) else { return nil }
    let snapshot = "\(folder)/snapshots/\(commit)"
    let missing = try missingFiles(of: snapshot, listing: "\(folder)/trees/\(commit).json")
    if !missing.isEmpty { throw ModelFolderFault.partial(name, snapshot: snapshot, missing: missing) }
    return snapshot
  }

  /// Only the listing has the names of all files. Older versions wrote none: then a config and weights must be there.
  private func missingFiles(of snapshot: String, listing: String) throws -> [String] {
    if fileExists(listing), let files = try JSON(path: listing)["files"]?.object {
      return requiredFiles(among: files.keys.sorted()).filter { !fileExists("\(snapshot)/\($0)") }
    }
    let present = (try? FileManager.default.contentsOfDirectory(atPath: snapshot))?.sorted() ?? []
    return (present.contains("config.json") ? [] : ["config.json"])
      + (weightFiles(among: present.filter { fileExists("\(snapshot)/\($0)") }).isEmpty ? ["the weights"] : [])
  }
}
