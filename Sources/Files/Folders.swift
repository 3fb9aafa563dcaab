/// Writes folders atomically: a reader sees the old folder or the new one, never a part. For single files see
/// `Files.swift`.
import FoundationEssentials
import Glibc

/// Checks that a command may write its `files` as the folder `path`: the folder is missing or empty, or `overwrite` is
/// set and it contains nothing but such files. Writes nothing.
public func checkOutput(_ path: String, files: [String], overwrite: Bool) throws(FileFault) {
  guard fileExists(path) else { return }
  guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
    throw .unwritable(path: path, why: "it exists and is not a readable folder")
  }
  if names.isEmpty { return }
  guard overwrite else { throw .notEmpty(folder: path) }
  if let unknown = names.sorted().first(where: { !files.contains($0) }) {
    throw .unknownFile(folder: path, found: unknown)
  }
}

/// Fills a new folder beside `path` with `body`, then renames it to `path`; on any fault it is removed, and the old
/// folder stays. Call `checkOutput` first: the whole old folder is deleted. A killed program leaves `path`.tmp-… or
/// `path`.old-…; for a moment the latter is the only folder, and `recoverFolder` restores it.
public func replaceFolder(at path: String, _ body: (String) throws -> Void) throws {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  let suffix = String(UInt64.random(in: 0...(.max)), radix: 36)
  let newFolder = "\(path).tmp-\(suffix)", oldFolder = "\(path).old-\(suffix)"
  do {
    try makeFolder(newFolder)
    try body(newFolder)
    let hadOld = rename(path, oldFolder) == 0
    guard rename(newFolder, path) == 0 else {
      let why = reason(errno)
      if hadOld { rename(oldFolder, path) }
      throw FileFault.unwritable(path: path, why: why)
    }
    syncFolder(of: path)
    if hadOld { try? FileManager.default.removeItem(atPath: oldFolder) }
  } catch {
    try? FileManager.default.removeItem(atPath: newFolder)
    throw error
  }
}

/// Cleans up after a `replaceFolder` that was killed: renames the old folder back if the new one is missing, and
/// removes the other remains.
public func recoverFolder(at path: String) {
  guard let slash = path.lastIndex(of: "/") else { return recoverFolder(at: "./" + path) }
  let parent = String(path[..<slash]), name = String(path[path.index(after: slash)...])
  for entry in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
    if entry.hasPrefix(name + ".old-"), !fileExists(path) { rename("\(parent)/\(entry)", path) }
    if entry.hasPrefix(name + ".old-") || entry.hasPrefix(name + ".tmp-") {
      try? FileManager.default.removeItem(atPath: "\(parent)/\(entry)")
    }
  }
}
