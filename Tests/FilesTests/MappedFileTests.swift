/// Tests that files are mapped as they are, or decompressed, and that other things than files are rejected.
import Files
import FoundationEssentials
import TestSupport
import Testing

struct MappedFileTests {
  let folder = TemporaryFolder()

  private func decompressed(_ bytes: [UInt8]) throws -> [UInt8] {
    try writeFile(Data(bytes), to: folder.path + "/a")
    let file = try MappedFile.decompressed(path: folder.path + "/a")
    return withExtendedLifetime(file) { [UInt8](file.bytes) }
  }

  @Test func `bytes without gzip's first two are mapped as they are`() throws {
    for bytes in [[], [0x1F], [0x1F, 0x8C], Array("text".utf8)] as [[UInt8]] {
      #expect(try decompressed(bytes) == bytes)
    }
  }

  // Python 3.11: gzip.compress(b"one\n", mtime=0)
  @Test func `gzip data are decompressed, and damaged ones reported`() throws {
    let one: [UInt8] = [
      0x1f, 0x8b, 0x8, 0x0, 0x0, 0x0, 0x0, 0x0, 0x2, 0x3, 0xcb, 0xcf, 0x4b, 0xe5, 0x2, 0x0, 0x9f, 0xa8, 0x17, 0xf8, 0x4,
      0x0, 0x0, 0x0,
    ]
    #expect(try decompressed(one) == Array("one\n".utf8))
    let many = [[UInt8]](repeating: one, count: 60_000).flatMap { $0 }
    #expect(try decompressed(many).count == 240_000)
    #expect(throws: FileFault.self) { try decompressed(one.dropLast()) }
  }

  @Test func `missing files and folders are rejected`() {
    #expect(throws: FileFault.missing(path: "/no")) { try MappedFile.decompressed(path: "/no") }
    #expect(throws: FileFault.unreadable(path: "/", why: "Is a directory")) {
      try MappedFile.decompressed(path: "/")
    }
  }
}
