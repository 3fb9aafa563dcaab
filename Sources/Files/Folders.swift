/// Writing whole folders so that a reader never sees half of one. Single files are in `Files.swift`.
import FoundationEssentials
import Glibc

/// Looks whether a command may write its `files` as the folder `path`: it is not there, or empty; or it is to be
/// overwritten and holds nothing but such files. Writes nothing.
public func checkOutput(_ path: String, files: [String], overwrite: Bool) throws(FileFault) {
  guard fileExists(path) else { return }
  guard let there = try? FileManager.default.contentsOfDirectory(atPath: path) else {
    throw .unwritable(path: path, why: "it is there and no folder that can be read")
  }
  if there.isEmpty { return }
  guard overwrite else { throw .notEmpty(folder: path) }
  if let found = there.sorted().first(where: { !files.contains($0) }) { throw .notOurs(folder: path, found: found) }
}

/// Lets `body` fill a new folder beside `path`, then puts it in that place; on any fault it is removed, and what was at
/// `path` stays. See `checkOutput`, which comes first: whatever is there goes. Who is killed in the middle leaves
/// `path`.tmp-… or `path`.old-…, the latter for a moment as the only one: see `recoverFolder`.
public func replaceFolder(at path: String, _ body: (String) throws -> Void) throws {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  let suffix = String(UInt64.random(in: 0...(.max)), radix: 36)
  let fresh = "\(path).tmp-\(suffix)", old = "\(path).old-\(suffix)"
  do {
    try makeFolder(fresh)
    try body(fresh)
    let isThere = rename(path, old) == 0
    guard rename(fresh, path) == 0 else {
      let why = reason(errno)
      if isThere { rename(old, path) }
      throw FileFault.unwritable(path: path, why: why)
    }
    syncFolder(of: path)
    if isThere { try? FileManager.default.removeItem(atPath: old) }
  } catch {
    try? FileManager.default.removeItem(atPath: fresh)
    throw error
  }
}

/// Cleans up after a `replaceFolder` that was killed: the old folder takes its name again where the new one has not come,
/// and what else it left goes.
public func recoverFolder(at path: String) {
  guard let slash = path.lastIndex(of: "/") else { return recoverFolder(at: "./" + path) }
  let parent = String(path[..<slash]), name = String(path[path.index(after: slash)...])
  for other in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
    if other.hasPrefix(name + ".old-"), !fileExists(path) { rename("\(parent)/\(other)", path) }
    if other.hasPrefix(name + ".old-") || other.hasPrefix(name + ".tmp-") {
      try? FileManager.default.removeItem(atPath: "\(parent)/\(other)")
    }
  }
}

/// Whether both paths lead to one file or folder that is there.
public func isSameFile(_ a: String, _ b: String) -> Bool {
  var (first, second) = (stat(), stat())
  guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino
}
