/// Long documents are read in parts that are cut before white space.
import Files
import FoundationEssentials
import TestSupport
import Testing

struct TextPartsTests {
  private let folder = TemporaryFolder()

  private func parts(_ text: String, _ name: String = "a.txt") throws -> [TextPart] {
    try writeFile(text, to: folder.path + "/" + name)
    var parts: [TextPart] = []
    try forEachPart(in: folder.path + "/" + name, fields: []) { parts.append($0) }
    return parts
  }

  private let long = (0..<500_000).map { "word\($0 % 977)" + ($0 % 3 == 0 ? "  " : " ") }.joined()

  @Test(arguments: ["a.txt", "a.jsonl"]) func `parts make up the document, and start with white space`(
    _ name: String
  ) throws {
    let lines = ["short", long, "end"]
    let isJSON = name == "a.jsonl"
    let parts = try parts(
      lines.map { isJSON ? JSON.object(["text": .string($0)]).text(pretty: false) : $0 }.joined(separator: "\n"), name)
    #expect(parts.count == 2 + (long.utf8.count + (1 << 20) - 1) / (1 << 20))
    #expect(parts.map(\.text).joined() == lines.joined())
    #expect(parts.filter(\.startsDocument).map(\.line) == [1, 2, 3])
    for part in parts where !part.startsDocument {
      #expect(part.text.utf8.count <= 1 << 20 && part.text.hasPrefix(" w") && part.line == 2)
    }
  }

  @Test func `text without white space is cut between code points`() throws {
    let text = "x" + String(repeating: "é", count: 1 << 20), parts = try parts(text)
    #expect(parts.count == 3 && parts.map(\.text).joined() == text)
    #expect(parts.map(\.startsDocument) == [true, false, false])
  }

  @Test func `blank parts before the first word are skipped`() throws {
    let blank = String(repeating: " ", count: 3 << 20)
    #expect(try parts(blank).isEmpty)
    let parts = try parts("a\n\(blank)b\n\(blank)\nc")
    #expect(parts.map { $0.text.filter { $0 != " " } } == ["a", "b", "c"] && parts.allSatisfy(\.startsDocument))
  }

  @Test func `whole documents are joined from their parts`() throws {
    _ = try parts("one\n\(long)\n\ntwo")
    var documents: [String] = []
    try forEachText(in: folder.path + "/a.txt", fields: []) { documents.append($0) }
    #expect(documents == ["one", long, "two"])
  }
}
