/// Tests that scratch files are mapped with the written bytes and leave nothing in their folder.
import Files
import TestSupport
import Testing

struct ScratchFileTests {
  let folder = TemporaryFolder()

  @Test func `written bytes are mapped, and the folder stays empty`() throws {
    let file = try ScratchFile(in: folder.path)
    try file.append([UInt16](0..<50_000))
    try file.append([Int32]([-1, 7]))
    #expect(folder.contents.isEmpty)
    let map = try file.map()
    #expect(map.bytes.count == 100_008)
    #expect(map.bytes.loadUnaligned(fromByteOffset: 99_998, as: UInt16.self) == 49_999)
    #expect(map.bytes.loadUnaligned(fromByteOffset: 100_004, as: Int32.self) == 7)
  }

  @Test func `an empty file maps to no bytes`() throws {
    let file = try ScratchFile(in: folder.path)
    #expect(try file.map().bytes.isEmpty)
  }

  @Test func `a missing folder is reported`() {
    let error = #expect(throws: FileFault.self) { _ = try ScratchFile(in: "/nowhere") }
    #expect(error == .scratch(folder: "/nowhere", why: "No such file or directory"))
  }
}
