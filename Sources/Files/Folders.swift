/// Writes folders atomically: a reader sees the old folder or the new one, never a part. For single files see
/// `Files.swift`. Removes no file of another program.
import FoundationEssentials
import Glibc

/// Checks that a command may write its `files` as the folder `path`: the folder is missing or empty, or `overwrite` is
/// set and it contains nothing but such files. Writes nothing.
package func checkOutput(_ path: String, files: [String], overwrite: Bool) throws(FileFault) {
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

/// Fills a new folder beside `path` with `body`, then exchanges it with the folder at `path`, if there is one, and removes
/// that; on any fault the new folder is removed, and the old one stays. A killed program leaves `path`.tmp-…, which
/// `recoverFolder` removes.
/// - Parameter isOwn: whether a file of the old folder may be removed, by its path in the folder; others move to the new folder.
package func replaceFolder(
  at path: String, isOwn: (String) -> Bool = { _ in true }, _ body: (String) throws -> Void
) throws {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  let suffix = temporarySuffix(), newFolder = "\(path).tmp-\(suffix)"
  try makeFolder(newFolder)
  let lock = open(newFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  flock(lock, LOCK_EX | LOCK_NB)
  defer { close(lock) }
  do {
    try body(newFolder)
    if fileExists(path) {
      try exchangeFolders(newFolder, path, aside: "\(path).old-\(suffix)")
    } else if rename(newFolder, path) != 0 {
      throw FileFault.unwritable(path: path, why: reason(errno))
    }
  } catch {
    try? FileManager.default.removeItem(atPath: newFolder)
    throw error
  }
  syncFolder(of: path)
  removeFiles(in: newFolder, movingOthersTo: path, isOwn: isOwn)
}

/// Cleans up after a `replaceFolder` that was killed: renames the old folder back if the new one is missing, and
/// removes the other remains. What a program at work has made stays.
package func recoverFolder(at path: String, isOwn: (String) -> Bool = { _ in true }) {
  let parent = parentFolder(of: path), name = lastPathComponent(path)
  for entry in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
    let remains = "\(parent)/\(entry)"
    guard permanentName(entry) == name else { continue }
    if entry.hasPrefix(name + ".old-"), !fileExists(path), rename(remains, path) == 0 { continue }
    let lock = open(remains, O_RDONLY | O_CLOEXEC)
    if flock(lock, LOCK_EX | LOCK_NB) == 0 {
      if isFolder(remains) { removeFiles(in: remains, movingOthersTo: path, isOwn: isOwn) } else { unlink(remains) }
    }
    close(lock)
  }
}

/// Exchanges two folders of one file system: in one step, or, where the file system has none for it, in three with the
/// unused name `aside`.
package func exchangeFolders(_ first: String, _ second: String, aside: String) throws(FileFault) {
  // glibc's header hides it from Swift.
  typealias Rename = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
  let exchange: UInt32 = 2  // RENAME_EXCHANGE
  if let symbol = dlsym(nil, "renameat2") {
    if unsafeBitCast(symbol, to: Rename.self)(AT_FDCWD, first, AT_FDCWD, second, exchange) == 0 { return }
    guard [EINVAL, ENOSYS, ENOTSUP].contains(errno) else { throw .unwritable(path: second, why: reason(errno)) }
  }
  guard rename(second, aside) == 0 else { throw .unwritable(path: second, why: reason(errno)) }
  guard rename(first, second) == 0 else {
    let why = reason(errno)
    rename(aside, second)
    throw .unwritable(path: second, why: why)
  }
  rename(aside, first)
}

/// Removes the files in `folder`, and the folder itself if nothing remains. Follows no symbolic link: if `folder` is one, only
/// the link is removed.
/// - Parameters:
///   - target: where files that are not removed go, to the same place in that folder unless it is taken; nil: they stay.
///   - isOwn: whether a file may be removed, by its path in `folder`.
package func removeFiles(in folder: String, movingOthersTo target: String? = nil, isOwn: (String) -> Bool) {
  var info = stat()
  guard lstat(folder, &info) == 0 else { return }
  if info.st_mode & S_IFMT == S_IFLNK {
    unlink(folder)
    return
  }
  for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
    let path = "\(folder)/\(name)", place = target.map { "\($0)/\(name)" }
    guard lstat(path, &info) == 0 else { continue }
    if info.st_mode & S_IFMT == S_IFDIR {
      removeFiles(in: path, movingOthersTo: place) { isOwn("\(name)/\($0)") }
    } else if isOwn(name) {
      unlink(path)
    } else if let place, lstat(place, &info) != 0, (try? makeFolder(parentFolder(of: place))) != nil {
      rename(path, place)
    }
  }
  rmdir(folder)
}

/// What the name of a temporary file or folder ends in: of eleven to thirteen letters and digits.
func temporarySuffix() -> String { String(UInt64.random(in: 1 << 52...(.max)), radix: 36) }

/// The name of what a temporary file or folder was to become, or had been: "adapter" of "adapter.tmp-3w5e11264sgsf"; nil: it
/// is not the name of one.
package func permanentName(_ name: String) -> String? {
  name.wholeMatch(of: /(.+)\.(?:tmp|old)-[0-9a-z]{11,13}/).map { String($0.1) }
}
