/// Downloads a model's files into a folder. A file has its final name only when it is complete and its hash is right.
import Files
import FoundationEssentials
import Glibc
package import ModelHub

package struct ModelDownload {
  package enum Event {
    case resolved(commit: String, files: Int, bytes: Int)
    /// The file is in the folder already.
    case present(path: String)
    case progress(path: String, count: Int, size: Int)
    case finished(path: String, size: Int)
    case waits(DownloadFault, seconds: Int)
  }

  private let name: HubName
  private let revision, folder: String
  private let patterns: [String]
  private let settings: HubSettings
  private let report: (Event) -> Void
  /// Waits between two tries, for a number of seconds.
  var pause: (Int) -> Void = { sleep(UInt32($0)) }

  /// - Parameters:
  ///   - patterns: names of the files, with `*`; empty: the files that `tune` needs.
  ///   - folder: it is created if it is missing; other files in it stay.
  package init(
    _ name: HubName, revision: String, patterns: [String], folder: String, settings: HubSettings,
    report: @escaping (Event) -> Void
  ) {
    (self.name, self.revision, self.patterns, self.folder) = (name, revision, patterns, folder)
    (self.settings, self.report) = (settings, report)
  }

  private var partials: String { folder + "/" + partialsFolder }
  private var record: String { folder + "/download.json" }

  /// Downloads all files, the smallest first, so that the weights come last.
  /// - Throws: `DownloadFault`. Complete files stay in the folder, and parts of others in its `partialsFolder`; the next
  ///   run continues with them.
  package func run() throws(DownloadFault) {
    if settings.isOffline { throw .offline }
    let client = try HubClient(settings, name) { [report, pause] fault, seconds in
      report(.waits(fault, seconds: seconds))
      pause(seconds)
    }
    let commit = isHash(revision, 40) ? revision : try client.commit(of: revision)
    let files = try choose(among: try client.files(of: commit))
    report(.resolved(commit: commit, files: files.count, bytes: files.reduce(0) { $0 + $1.size }))
    try checkCommit(commit)
    do throws(FileFault) { try makeFolder(partials) } catch { throw .file(error) }
    let lock = open(partials, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer {
      rmdir(partials)  // only if it is empty
      close(lock)
    }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw .busy(folder: folder) }
    let missing = try missingFiles(files)
    try checkSpace(for: missing)
    for file in missing.sorted(by: { ($0.size, $0.path) < ($1.size, $1.path) }) {
      try client.download(file, commit: commit, partials: partials, to: "\(folder)/\(file.path)") { [report] count in
        report(.progress(path: file.path, count: count, size: file.size))
      }
      report(.finished(path: file.path, size: file.size))
    }
    try writeRecord(commit, files)
    // Parts of files that another revision has.
    try? FileManager.default.removeItem(atPath: partials)
  }

  private func choose(among files: [HubFile]) throws(DownloadFault) -> [HubFile] {
    let paths = files.map(\.path)
    let chosen = Set(patterns.isEmpty ? defaultFiles(among: paths) : ModelHub.files(among: paths, matching: patterns))
    if patterns.isEmpty, weightFiles(among: paths).isEmpty { throw .noWeights(name, present: paths) }
    if chosen.isEmpty { throw .noMatch(patterns, present: paths) }
    return files.filter { chosen.contains($0.path) }
  }

  /// Files of two commits in one folder would be a model that the Hub does not have.
  private func checkCommit(_ commit: String) throws(DownloadFault) {
    guard fileExists(record), let found = (try? JSON(path: record))?["commit"]?.string, found != commit else { return }
    throw .otherCommit(folder: folder, found: found, wanted: commit)
  }

  /// The files that are not in the folder.
  private func missingFiles(_ files: [HubFile]) throws(DownloadFault) -> [HubFile] {
    var missing: [HubFile] = []
    for file in files {
      switch try contentHash(of: "\(folder)/\(file.path)", like: file) {
      case nil: missing.append(file)
      case file.hash.digits: report(.present(path: file.path))
      default: throw .differs(path: file.path, folder: folder)
      }
    }
    return missing
  }

  private func checkSpace(for files: [HubFile]) throws(DownloadFault) {
    let needed = files.reduce(0) { sum, file in
      let size = (try? FileManager.default.attributesOfItem(atPath: "\(partials)/\(file.hash.digits).incomplete"))?[
        .size]
      return sum + max(0, file.size - ((size as? Int) ?? 0))
    }
    guard let free = freeSpace(at: folder), free < needed else { return }
    throw .diskFull(folder: folder, needed: needed, free: free)
  }

  /// Writes which files of which commit are in the folder, with those of earlier downloads.
  private func writeRecord(_ commit: String, _ files: [HubFile]) throws(DownloadFault) {
    var members = (try? JSON(path: record))?["files"]?.object ?? [:]
    for file in files {
      let key = if case .sha256 = file.hash { "sha256" } else { "git_sha1" }
      members[file.path] = .object(["size": .int(file.size), key: .string(file.hash.digits)])
    }
    let json: JSON = [
      "model": .string(name.description), "revision": .string(revision), "commit": .string(commit),
      "files": .object(members),
    ]
    do throws(FileFault) { try writeFile(json.text() + "\n", to: record) } catch { throw .file(error) }
  }
}
