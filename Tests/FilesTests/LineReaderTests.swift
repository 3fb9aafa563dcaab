/// Lines are read as they arrive, and lines that cannot be read do not disturb the others.
import Files
import FoundationEssentials
import Glibc
import TestSupport
import Testing

struct LineReaderTests {
  private let folder = TemporaryFolder()

  /// The lines of a file, or what is wrong with them.
  private func lines(_ bytes: some Sequence<UInt8>, atMost count: Int = 512) throws -> [String] {
    let path = folder.path + "/lines"
    try writeFile(Data(bytes), to: path)
    let reader = try LineReader(path)
    var lines: [String] = []
    while case let batch = try reader.next(atMost: count), !batch.isEmpty {
      #expect(batch.count <= count && batch.map(\.number) == Array(lines.count + 1...lines.count + batch.count))
      for line in batch {
        do { lines.append(try line.text()) } catch { lines.append("\(error)".replacing(folder.path + "/", with: "")) }
      }
    }
    return lines
  }

  @Test(arguments: [1, 2, 512]) func `a newline ends a line, also after a carriage return`(_ count: Int) throws {
    #expect(try lines("".utf8, atMost: count) == [])
    #expect(try lines("\n".utf8, atMost: count) == [""])
    #expect(try lines("\u{FEFF}one\r\n\nzwölf\n last".utf8, atMost: count) == ["one", "", "zwölf", " last"])
    #expect(
      try lines(Array("a\n".utf8) + [0xFF, 0x0A, 0x62], atMost: count) == [
        "a", "lines:2: bytes that are not UTF-8; expected UTF-8.", "b",
      ])
    #expect(
      try lines([0x1F, 0x8B, 8, 0], atMost: count)[0].hasPrefix("lines:1: data compressed with gzip; expected text"))
  }

  @Test func `lines of any length are whole, up to the limit`() throws {
    let lengths = [1, 65_535, 65_536, 65_537, 1 << 20, LineReader.maximumLineSize, 3]
    let text = lengths.map { String(repeating: "x", count: $0) }.joined(separator: "\n")
    #expect(try lines(text.utf8).map(\.utf8.count) == lengths)
    let long = String(repeating: "x", count: LineReader.maximumLineSize + 1)
    let fault = "lines:2: more than 16 MiB; expected a shorter line."
    #expect(try lines("a\n\(long)\nb".utf8) == ["a", fault, "b"])
    #expect(try lines("a\n\(long)xxx\(long)".utf8) == ["a", fault])
  }

  @Test func `a batch is what has arrived, and the reader waits for the next line`() throws {
    let path = folder.path + "/pipe"
    mkfifo(path, 0o600)
    let writer = open(path, O_RDWR | O_CLOEXEC), reader = try LineReader(path)
    func put(_ text: String) throws { try write(Data(text.utf8).span.bytes, to: writer, path: path) }
    try put("one\ntwo\nthr")
    #expect(try reader.next(atMost: 512).map { try $0.text() } == ["one", "two"])
    try put("ee\n")
    #expect(try reader.next(atMost: 512).map { try $0.text() } == ["three"])
    try put("four\nfive")
    close(writer)
    #expect(try reader.next(atMost: 512).map { try $0.text() } == ["four", "five"])
    #expect(try reader.next(atMost: 512).isEmpty)
  }

  @Test func `a missing file is missing, and a folder is an error`() throws {
    #expect(throws: FileFault.missing(path: "/nowhere")) { try LineReader("/nowhere") }
    let reader = try LineReader(folder.path)
    #expect(throws: FileFault.unreadable(path: folder.path, why: "Is a directory")) { try reader.next(atMost: 1) }
  }
}
