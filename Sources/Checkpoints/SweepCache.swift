/// Remembers what sweeps over files of weights found, so that a file is read once and not by every command.
/// Files are recognized by their `FileIdentity`. Any fault of the cache costs a sweep, and nothing else.
import Files
import FoundationEssentials
import Glibc

/// A text file with one line per file of weights. Processes append whole lines, or replace the file when it is too
/// large, so they do not disturb each other; a line that another one cut off or damaged has a wrong checksum.
package struct SweepCache: Sendable {
  package let path: String
  /// Smaller files of weights are read faster than the cache.
  let minimumFileSize: Int
  /// Bytes of the cache from which on its older half is dropped.
  let maximumSize: Int

  package init(path: String, minimumFileSize: Int = 1 << 20, maximumSize: Int = 1 << 18) {
    (self.path, self.minimumFileSize, self.maximumSize) = (path, minimumFileSize, maximumSize)
  }

  /// The cache that the commands share, by the environment of this process.
  package static var user: SweepCache? { SweepCache { name in getenv(name).map { String(cString: $0) } } }

  /// `tune/weights` in `$XDG_CACHE_HOME` or else in `~/.cache`; nil without a home folder.
  /// - Parameter environment: returns the value of a variable. A path that is not absolute is ignored.
  init?(environment: (String) -> String?) {
    func folder(_ name: String) -> String? { environment(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
    guard let caches = folder("XDG_CACHE_HOME") ?? folder("HOME").map({ $0 + "/.cache" }) else { return nil }
    self.init(path: caches + "/tune/weights")
  }

  /// What is remembered of unchanged files, by path.
  func read(_ files: [TensorFile]) -> [String: FileSweep] {
    let keys = files.compactMap { file in key(of: file).map { (path: file.path, key: $0) } }
    if keys.isEmpty { return [:] }
    var found: [String: FileSweep] = [:]
    // Later lines are newer.
    for line in lines.reversed() where found.count < keys.count {
      let line = String(decoding: line, as: UTF8.self)
      for (path, key) in keys where found[path] == nil { found[path] = FileSweep(line, key: key) }
    }
    return found
  }

  /// Remembers sweeps, by path, except of files that have changed during the sweep or shortly before.
  func add(_ files: [TensorFile], _ sweeps: [String: FileSweep]) {
    let new = files.compactMap { file -> String? in
      guard let identity = file.identity, identity.isSettled, identity == FileIdentity(path: file.path) else {
        return nil
      }
      return key(of: file).flatMap { key in sweeps[file.path]?.line(key: key) }
    }.joined()
    // The folders "tune" and ".cache" may be created, but not a home folder that does not exist.
    let folder = parentFolder(of: path), home = parentFolder(of: parentFolder(of: folder))
    guard !new.isEmpty, isFolder(home) else { return }
    try? makeFolder(folder)
    if let size = FileIdentity(path: path)?.size, size + new.utf8.count > maximumSize {
      let lines = lines, kept = lines.suffix(lines.count / 2).joined(separator: [newline])
      try? writeFile(Data(kept) + Data("\n\(new)".utf8), to: path)
    } else {
      try? appendFile(new, to: path)
    }
  }

  private var lines: [Data.SubSequence] { (try? readFile(path, limit: .max))?.split(separator: newline) ?? [] }

  /// nil for a file that is not remembered.
  private func key(of file: TensorFile) -> String? {
    file.identity.flatMap { $0.size < minimumFileSize ? nil : $0.text + " " }
  }
}

private let newline = UInt8(ascii: "\n")
private let checksumLength = 17

extension FileSweep {
  private static let words = [true: "sound", false: "damaged"]

  /// "CHECKSUM KEY DIGEST sound\n", or "damaged".
  fileprivate func line(key: String) -> String {
    let text = "\(key)\(sha256) \(Self.words[isSound] ?? "")"
    return checksum(of: text) + text + "\n"
  }

  /// nil for a line of another file, and a damaged one.
  fileprivate init?(_ line: String, key: String) {
    let text = line.dropFirst(checksumLength), values = text.dropFirst(key.count).split(separator: " ")
    guard text.hasPrefix(key), line.prefix(checksumLength) == checksum(of: String(text)), values.count == 2,
      let isSound = Self.words.first(where: { $1 == values[1] })?.key
    else {
      return nil
    }
    self.init(sha256: String(values[0]), isSound: isSound)
  }
}

/// 16 hexadecimal digits and a space.
private func checksum(of text: String) -> String { sha256(of: text).prefix(checksumLength - 1) + " " }
