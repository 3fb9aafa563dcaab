/// Tests that documents are read from plain text, JSON lines and gzip, and that invalid files are reported.
import Files
import FoundationEssentials
import TestSupport
import Testing

struct TextFilesTests {
  let folder = TemporaryFolder()

  private func path(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let path = folder.path + "/" + name
    try writeFile(Data(bytes), to: path)
    return path
  }

  private func documents(_ path: String, _ fields: [String] = []) throws -> [String] {
    var documents: [String] = []
    try forEachText(in: path, fields: fields) { documents.append($0) }
    return documents
  }

  /// The message of the fault of reading `bytes`.
  private func errorMessage(_ name: String, _ bytes: some Sequence<UInt8>, _ fields: [String] = []) throws -> String {
    let path = try path(name, bytes)
    let error = #expect(throws: FileFault.self) { try documents(path, fields) }
    return (error?.description ?? "").replacing(folder.path + "/", with: "")
  }

  @Test func `plain text has one document per line, without blank lines`() throws {
    let path = try path("a.txt", "one\n\n \t\r\nzwölf\r\nlast, without a newline".utf8)
    #expect(try documents(path) == ["one", "zwölf\r", "last, without a newline"])
    #expect(try documents(self.path("b.txt", [])) == [])
  }

  @Test func `lines may be longer than a chunk, and may end where a chunk ends`() throws {
    let lengths = [262_143, 262_144, 1, 600_000, 5]
    let lines = lengths.map { String(repeating: "x", count: $0) }
    #expect(try documents(path("a.txt", lines.joined(separator: "\n").utf8)).map(\.utf8.count) == lengths)
  }

  @Test func `fields of JSON lines are joined in the given order`() throws {
    let lines = """
      {"title": "T1", "text": "a \\u00fc", "id": 1}

      {"text": "b", "title": "T2"}
      {"text": " ", "title": ""}
      """
    #expect(try documents(path("a.jsonl", lines.utf8), ["title", "text"]) == ["T1 a ü", "T2 b"])
    #expect(try documents(path("a.json", lines.utf8)) == ["a ü", "b"])
  }

  @Test func `invalid JSON lines are reported with file and line`() throws {
    let good = #"{"text": "a"}"# + "\n"
    #expect(
      try errorMessage("a.jsonl", (good + #"{"text": }"#).utf8)
        == "a.jsonl:2: not valid JSON: column 10: found '}'; expected a value.")
    #expect(
      try errorMessage("a.jsonl", (good + "\n" + good).utf8, ["title"])
        == "a.jsonl:1: found no field 'title'; expected one of 'text'.")
    #expect(
      try errorMessage("a.jsonl", (good + "\n" + #"{"text": null}"#).utf8)
        == "a.jsonl:3: found null in 'text'; expected a string.")
    #expect(try errorMessage("a.json", "[1]".utf8) == "a.json:1: found a list; expected a JSON object on each line.")
  }

  @Test func `bytes that are not UTF-8 are reported with file and line`() throws {
    #expect(
      try errorMessage("a.txt", Array("a\nb\n".utf8) + [0xFF, 0x0A])
        == "a.txt:3: bytes that are not UTF-8; expected UTF-8 text; convert the file, for example with iconv.")
    let json = try errorMessage("a.jsonl", Array("\n{\"text\": \"".utf8) + [0xC3] + Array("\"}".utf8))
    #expect(json == "a.jsonl:2: not valid JSON: column 10: found a string with bytes that are not UTF-8.")
  }

  @Test func `a missing file is reported as missing`() {
    #expect(throws: FileFault.missing(path: "/nowhere.txt")) { try documents("/nowhere.txt") }
  }

  // Python 3.11: gzip.compress(b"one\n", mtime=0).hex(), and of "zwölf\n\nthree".
  private let one = bytes("1f8b0800000000000203cbcf4be502009fa817f804000000")
  private let more = bytes("1f8b0800000000000203ab2a3fbc2d278d8bab24a328351500180d714d0d000000")

  @Test func `gzip is detected by content, and concatenated members are read`() throws {
    #expect(try documents(path("a", one)) == ["one"])
    #expect(try documents(path("a.txt.gz", one + more)) == ["one", "zwölf", "three"])
    #expect(try documents(path("padded.gz", one + [0, 0] + more + [0, 0, 0])) == ["one", "zwölf", "three"])
    #expect(try documents(path("plain.gz", "not compressed".utf8)) == ["not compressed"])
    #expect(try errorMessage("a.jsonl.gz", one).hasPrefix("a.jsonl.gz:1: not valid JSON"))
  }

  @Test func `gzip data of many buffers are decompressed completely`() throws {
    // 2 MB: eight input buffers, eight output buffers.
    let line = [UInt8](repeating: 0x78, count: 99) + [0x0A]
    let text = [UInt8]((0..<20_000).map { _ in line }.joined())
    #expect(try documents(path("big.gz", stored(text))).count == 20_000)
  }

  @Test(arguments: 2..<24) func `truncated gzip data are reported`(_ length: Int) throws {
    #expect(
      try errorMessage("a.gz", bytes("1f8b0800000000000203cbcf4be502009fa817f804000000").prefix(length))
        == "a.gz: truncated gzip data; expected a complete gzip file. Copy or download it again.")
  }

  @Test func `damaged gzip data are reported`() throws {
    var damaged = more
    damaged[15] ^= 1
    #expect(try errorMessage("a.gz", damaged).hasPrefix("a.gz: damaged gzip data ("))
    #expect(try errorMessage("a.gz", one + [7]).hasPrefix("a.gz: other data after the end of the gzip data; expected"))
    #expect(try errorMessage("a.gz", one + more.dropLast()).hasPrefix("a.gz: truncated gzip data"))
  }

  @Test func `an error of the caller ends the reading`() throws {
    struct Enough: Error {}
    let path = try path("a.txt", "one\ntwo\n".utf8)
    #expect(throws: Enough.self) { try forEachText(in: path, fields: []) { _ in throw Enough() } }
  }
}

private func bytes(_ hexadecimal: String) -> [UInt8] {
  let digits = hexadecimal.map { UInt8($0.hexDigitValue!) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// A gzip file of stored blocks: RFC 1951 §3.2.4 in the frame of RFC 1952 §2.3.
private func stored(_ text: [UInt8]) -> [UInt8] {
  func littleEndian(_ value: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
  var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
  var crc: UInt32 = .max
  for start in stride(from: 0, to: text.count, by: 65_535) {
    let block = text[start..<min(start + 65_535, text.count)]
    file.append(block.endIndex == text.count ? 1 : 0)
    file += littleEndian(UInt32(block.count), 2) + littleEndian(~UInt32(block.count), 2) + block
  }
  for byte in text {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return file + littleEndian(~crc, 4) + littleEndian(UInt32(text.count), 4)
}
