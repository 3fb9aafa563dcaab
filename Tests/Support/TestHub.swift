/// Runs `Tests/Fixtures/hub/server.py`: a Hub on 127.0.0.1 with its storage on 127.0.0.2.
package import Files
import Foundation
import Glibc

package final class TestHub {
  package static let isPermitted = fileExists("/usr/bin/env") && (try? TestHub()) != nil

  /// The folder whose subfolders are the models.
  package let folder = TemporaryFolder()
  package let address, storage: String
  private let process = Process()
  private let input = Pipe(), output = Pipe()

  private struct NoServer: Error {}

  package init(certificate: String? = nil, key: String? = nil) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", fixture("hub/server.py"), folder.path]
    if let certificate, let key { process.arguments? += ["--certificate", certificate, "--key", key] }
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    let addresses = Self.line(output).split(separator: " ").map(String.init)
    guard addresses.count == 2 else { throw NoServer() }
    (address, storage) = (addresses[0], addresses[1])
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Adds a model with these files.
  package func add(_ name: String, _ files: [String: [UInt8]]) throws {
    for (path, content) in files {
      let file = "\(folder.path)/\(name)/\(path)"
      try makeFolder(parentFolder(of: file))
      try writeFile(Data(content), to: file)
    }
  }

  /// The faults of the next requests of a file, "org/name/path".
  package func setFaults(_ faults: String..., of path: String) throws { try setFaults(list: faults, of: path) }

  package func setFaults(list faults: [String], of path: String) throws {
    _ = try ask(JSON.object([path: .array(faults.map(JSON.string))]).text(pretty: false))
  }

  /// The requests since the last call: server ("hub", "storage"), path, query, and headers by lower-case names.
  package func requests() throws -> [JSON] {
    try JSON(parsing: Data(ask("log").utf8), named: "log").array ?? []
  }

  private func ask(_ line: String) throws -> String {
    try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    return Self.line(output)
  }

  private static func line(_ pipe: Pipe) -> String {
    var bytes: [UInt8] = [], byte: UInt8 = 0
    while read(pipe.fileHandleForReading.fileDescriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
