/// Whether the files of a folder have changed, without reading them.
import Files
import Glibc

struct FolderFiles: Sendable, Equatable {
  private let identities: [String: FileIdentity]

  /// The regular files in `folder`; none if there is no such folder.
  init(_ folder: String) {
    var identities: [String: FileIdentity] = [:]
    for name in (try? folderContents(folder)) ?? [] {
      var info = stat()
      guard stat("\(folder)/\(name)", &info) == 0, info.st_mode & S_IFMT == S_IFREG else { continue }
      identities[name] = FileIdentity(info)
    }
    self.identities = identities
  }

  var names: [String] { identities.keys.sorted() }

  /// Whether a file was written in the last second, so that others may follow.
  var areChanging: Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let newest = identities.values.map { max($0.modified, $0.changed) }.max() ?? 0
    return now.tv_sec * 1_000_000_000 + now.tv_nsec - newest < 1_000_000_000
  }

  var bytes: Int { identities.values.reduce(0) { $0 + $1.size } }

  /// Whether an adapter's config and weights are there, and no download is under way.
  var areComplete: Bool {
    identities["adapter_config.json"] != nil
      && identities.keys.contains { $0.hasSuffix(".safetensors") || $0.hasSuffix(".bin") }
  }
}
