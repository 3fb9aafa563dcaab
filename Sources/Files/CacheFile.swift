/// Files from which a user's text can be reconstructed, such as caches of hidden states. Only their owner can read them.
import Glibc
import Synchronization

/// The place of a cache. Does not access the disk; `open` does.
package struct CacheFile: Sendable {
  package let path: String
  private let unnamed: UnnamedFiles?

  /// - Parameter unnamed: has the file, which ends with it; nil: the file is kept at `path`.
  package init(_ path: String, in unnamed: UnnamedFiles? = nil) { (self.path, self.unnamed) = (path, unnamed) }

  package var exists: Bool { unnamed == nil && fileExists(path) }

  /// Opens the file for reading and writing, or creates it; the caller closes it. A kept file has mode 0600, in a folder
  /// with mode 0700.
  /// - Throws: `FileFault` if a kept file or a folder above it is a symbolic link, its folder is open to others, the file
  ///   is another user's, or it cannot be opened.
  package func open() throws(FileFault) -> Int32 {
    if let unnamed { return try unnamed.open(path) }
    let folder = try openPrivateFolder(parentFolder(of: path))
    defer { close(folder) }
    return try openPrivateFile(path, in: folder)
  }

  /// Frees the disk space of a file that could not be completed.
  package func discard() { if let unnamed { unnamed.discard(path) } else { unlink(path) } }
}

/// Files without names, for the runs of a sweep. Their disk space is freed with this object, also when the program is
/// killed.
package final class UnnamedFiles: Sendable {
  private let descriptors = Mutex<[String: Int32]>([:])

  package init() {}

  deinit { descriptors.withLock { for descriptor in $0.values { close(descriptor) } } }

  /// A descriptor of the file that stands for `path`, on the same disk; the caller closes it.
  func open(_ path: String) throws(FileFault) -> Int32 {
    try descriptors.withLock { (descriptors) throws(FileFault) in
      var folder = parentFolder(of: path)
      while !isFolder(folder), parentFolder(of: folder) != folder { folder = parentFolder(of: folder) }
      let descriptor = descriptors[path] ?? openUnnamedFile(in: folder)
      if descriptor >= 0 {
        descriptors[path] = descriptor
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        if copy >= 0 { return copy }
      }
      throw .unwritable(path: folder, why: reason(errno))
    }
  }

  func discard(_ path: String) {
    descriptors.withLock { if let descriptor = $0.removeValue(forKey: path) { close(descriptor) } }
  }
}

/// A descriptor of a new file of mode 0600 that has no name; negative: `errno` has the reason.
func openUnnamedFile(in folder: String) -> Int32 {
  var template = Array((folder + "/tune-scratch-XXXXXX").utf8CString)
  let descriptor = mkstemp(&template)
  if descriptor >= 0 {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
  }
  return descriptor
}

private func openPrivateFile(_ path: String, in folder: Int32) throws(FileFault) -> Int32 {
  // O_NONBLOCK: a pipe must be rejected at once, without waiting for its other end.
  let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
  let descriptor = openat(folder, lastPathComponent(path), flags, 0o600)
  guard descriptor >= 0 else {
    if errno == ELOOP { throw .exposedCache(path: path, why: symbolicLink) }
    throw .unwritable(path: path, why: reason(errno))
  }
  var info = stat(), why: String?
  if fstat(descriptor, &info) != 0 {
    why = reason(errno)
  } else if info.st_mode & S_IFMT != S_IFREG || info.st_nlink != 1 {
    why = "it is not a regular file with a single name; delete it"
  } else if info.st_uid != geteuid() {
    why = "it belongs to another user"
  } else if fchmod(descriptor, 0o600) != 0 {
    why = reason(errno)
  }
  guard let why else { return descriptor }
  close(descriptor)
  throw .exposedCache(path: path, why: why)
}

/// Opens the folder at `path`, or creates it with mode 0700, and missing folders above it. Follows no symbolic link.
private func openPrivateFolder(_ path: String) throws(FileFault) -> Int32 {
  let isAbsolute = path.hasPrefix("/"), names = path.split(separator: "/").map(String.init)
  var folder = isAbsolute ? "/" : ".", descriptor = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)
  for (number, name) in names.enumerated() {
    let parent = descriptor
    defer { close(parent) }
    folder = (isAbsolute ? "/" : "") + names[...number].joined(separator: "/")
    let code = mkdirat(parent, name, number == names.count - 1 ? 0o700 : 0o777) == 0 ? 0 : errno
    descriptor = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if descriptor >= 0 { continue }
    let why = reason(code == EEXIST ? errno : code)
    var info = stat()
    if fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0, info.st_mode & S_IFMT == S_IFLNK {
      throw .exposedCache(path: folder, why: symbolicLink)
    }
    throw .unwritable(path: folder, why: why)
  }
  var info = stat()
  guard fstat(descriptor, &info) == 0, info.st_mode & 0o077 != 0 || info.st_uid != geteuid() else { return descriptor }
  close(descriptor)
  if info.st_uid != geteuid() { throw .exposedCache(path: folder, why: "the folder belongs to another user") }
  let mode = "0" + String(info.st_mode & 0o7777, radix: 8)
  throw .exposedCache(
    path: folder, why: "others may enter this folder (mode \(mode)); run 'chmod 700' on it, or choose another folder")
}

/// Glibc's module does not have it.
private let O_PATH: Int32 = 0o10_000_000
private let symbolicLink = "it is a symbolic link; name the place that it leads to"
