/// A private copy of an adapter's files while it is loaded: whoever overwrites them in place cannot change what is read, nor end
/// the process, as truncating a mapped file would.
import Files
import Foundation

/// An adapter's files have changed while they were copied.
struct ChangedWhileRead: Error, CustomStringConvertible {
  let folder: String
  var description: String { "\(folder): its files changed while they were read." }
}

/// Calls `body` with the folder of the copy, which is then removed.
/// - Throws: `ChangedWhileRead`, `FileFault`; what `body` throws, with the adapter's path in place of the copy's.
func withCopy<Result>(of folder: String, _ body: (String) throws -> Result) throws -> Result {
  let before = FolderFiles(folder)
  let copy = FileManager.default.temporaryDirectory.path + "/tune-serve-" + UUID().uuidString
  try FileManager.default.createDirectory(
    atPath: copy, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  defer { try? FileManager.default.removeItem(atPath: copy) }
  for name in before.names {
    guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
      throw ChangedWhileRead(folder: folder)
    }
    try data.write(to: URL(filePath: "\(copy)/\(name)"))
  }
  guard FolderFiles(folder) == before else { throw ChangedWhileRead(folder: folder) }
  do { return try body(copy) } catch { throw LoadFault("\(error)".replacing(copy, with: folder)) }
}

/// Why an adapter cannot be loaded.
struct LoadFault: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
