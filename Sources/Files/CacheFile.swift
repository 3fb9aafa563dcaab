/// Files from which a user's text can be reconstructed, such as caches of hidden states. Only their owner can read them.
import FoundationEssentials
import Glibc
import Synchronization

/// The place of a cache. Does not access the disk; `open` does.
public struct CacheFile: Sendable {
  public let path: String
  private let unnamed: UnnamedFiles?

  /// - Parameter unnamed: has the file, which ends with it; nil: the file is kept at `path`.
  public init(_ path: String, in unnamed: UnnamedFiles? = nil) { (self.path, self.unnamed) = (path, unnamed) }

  public var exists: Bool { unnamed == nil && fileExists(path) }

  /// Opens the file for reading and writing, or creates it; the caller closes it. A kept file has mode 0600, in a folder
  /// with mode 0700.
  /// - Throws: `FileFault` if a kept file or its folder is a symbolic link, the file is another user's, or it cannot be
  ///   opened.
  public func open() throws(FileFault) -> Int32 {
    if let unnamed { return try unnamed.open(path) }
    try makePrivateFolder(parentFolder(of: path))
    return try openPrivateFile(path)
  }

  /// Frees the disk space of a file that could not be completed.
  public func discard() { if let unnamed { unnamed.discard(path) } else { unlink(path) } }
}

/// Files without names, for the runs of a sweep. Their disk space is freed with this object, also when the program is
/// killed.
public final class UnnamedFiles: Sendable {
  private let descriptors = Mutex<[String: Int32]>([:])

  public init() {}

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

private func openPrivateFile(_ path: String) throws(FileFault) -> Int32 {
  // O_NONBLOCK: a pipe must be rejected at once, without waiting for its other end.
  let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw .unwritable(path: path, why: errno == ELOOP ? symbolicLink : reason(errno)) }
  var info = stat(), why: String?
  if fstat(descriptor, &info) != 0 {
    why = reason(errno)
  } else if info.st_mode & S_IFMT != S_IFREG || info.st_nlink != 1 {
    why = "not a regular file with a single name"
  } else if info.st_uid != geteuid() {
    why = "it belongs to another user"
  } else if fchmod(descriptor, 0o600) != 0 {
    why = reason(errno)
  }
  guard let why else { return descriptor }
  close(descriptor)
  throw .unwritable(path: path, why: why)
}

/// Creates a folder with mode 0700, and the folders above it with those of `makeFolder`. An existing folder gets that mode if it
/// contains nothing but caches; one with other files stays as it is.
private func makePrivateFolder(_ path: String) throws(FileFault) {
  if path.contains("/") { try makeFolder(parentFolder(of: path)) }
  if mkdir(path, 0o700) == 0 { return }
  let why = reason(errno)
  let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
  guard descriptor >= 0 else {
    var info = stat()
    throw .unwritable(path: path, why: lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK ? symbolicLink : why)
  }
  defer { close(descriptor) }
  let names = try? FileManager.default.contentsOfDirectory(atPath: path)
  if names?.allSatisfy({ $0.hasSuffix(".cache") }) == true { fchmod(descriptor, 0o700) }
}

private let symbolicLink = "it is a symbolic link, through which a cache is never written"
