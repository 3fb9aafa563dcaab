/// CoNLL files: accepted layouts, and errors for invalid lines.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Datasets

private func parse(_ text: String, _ columns: CoNLLColumns = CoNLLColumns()) throws -> [Record] {
  try parseCoNLL(Array(text.utf8), named: "f.tsv", columns: columns)
}

private let sentences = [
  Record(id: "1", words: ["a", "b"], tags: ["O", "B-X"]), Record(id: "2", words: ["c"], tags: ["I-X-y"]),
]

@Test(arguments: [
  "a\tO\nb\tB-X\n\nc\tI-X-y\n",
  "a O\nb  B-X\n\nc I-X-y",
  "a\tO\r\nb\tB-X\r\n\r\nc\tI-X-y\r\n",
  "\u{FEFF}a\tO\nb\tB-X\n \t \nc\tI-X-y",
  "\n\n-DOCSTART-\tO\n\na\tO\nb\tB-X \n\n\n\nc\tI-X-y\n\n",
  "-DOCSTART- -X- O\n\n a O\nb B-X\n-DOCSTART- -X- O\nc I-X-y\n",
]) func `line terminators, byte order mark, separators and blank lines do not matter`(_ text: String) throws {
  #expect(try parse(text) == sentences)
}

// Python 3.11: gzip.compress(b"a\tO\nb\tB-X\n\nc\tI-X-y\n", mtime=0)
@Test func `a file may be compressed with gzip`() throws {
  let folder = TemporaryFolder(), path = folder.path + "/train.tsv.gz"
  let bytes: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0xe4, 0xf4, 0xe7, 0x4a, 0xe2, 0x74, 0xd2, 0x8d,
    0xe0, 0xe2, 0x4a, 0xe6, 0xf4, 0xd4, 0x8d, 0xd0, 0xad, 0xe4, 0x02, 0x00, 0xdc, 0x7f, 0x3c, 0x54, 0x13, 0x00, 0x00,
    0x00,
  ]
  try writeFile(Data(bytes), to: path)
  #expect(try readCoNLL(path) == sentences)
  try writeFile(Data(bytes.dropLast()), to: path)
  #expect { try readCoNLL(path) } throws: { "\($0)".contains("truncated gzip data") }
}

@Test func `with tabs a word may contain spaces`() throws {
  #expect(try parse("New York\tB-L\n.\tO\n")[0].words == ["New York", "."])
}

@Test func `columns are chosen from either end`() throws {
  let text = "1 EU NNP B-NP I-ORG x\n2 . . O O x\n"
  let sentence = try parse(text, CoNLLColumns(word: 1, label: -2))[0]
  #expect(sentence == Record(id: "1", words: ["EU", "."], tags: ["I-ORG", "O"]))
}

@Test func `a file without labels is read if labels are optional`() throws {
  #expect(
    try parse("a\nb\n\nc\n", CoNLLColumns(labelsRequired: false))
      == [Record(id: "1", words: ["a", "b"]), Record(id: "2", words: ["c"])])
  #expect(try parse("a\tO\n", CoNLLColumns(labelsRequired: false))[0].tags == ["O"])
  #expect(throws: CoNLLFault.self) { try parse("a\nb\n") }
}

private func fault(_ bytes: [UInt8]) -> CoNLLFault? {
  do throws(CoNLLFault) {
    _ = try parseCoNLL(bytes, named: "f.tsv")
    return nil
  } catch {
    return error
  }
}

@Test(arguments: ["", "\n \n", "-DOCSTART- O\n", "\u{FEFF}"]) func `a file without sentences is rejected`(
  _ text: String
) {
  #expect(fault(Array(text.utf8))?.badLineCount == 0)
}

@Test(arguments: [
  ("a\tO\nb\nc\tO\n", "f.tsv:2: found 1 column; expected 2 as in line 1 (\"b\")"),
  ("a\tO\nb O\n", "f.tsv:2: found 1 column; expected 2 as in line 1 (\"b O\")"),
  ("a O\nb x O\n", "f.tsv:2: found 3 columns; expected 2 as in line 1 (\"b x O\")"),
  ("a\nb\n", "f.tsv:1: found 1 column; expected a word in column 0 and a label in the last column (\"a\")"),
  ("a\tO\n\tB-X\n", "f.tsv:2: found an empty word; expected text in the word column (\"\\tB-X\")"),
  ("a\tO\n\u{1}\tNN\n", "f.tsv:2: found the tag \"NN\"; expected O, or B-, I-, E-, S-, L- or U- with a type"),
  ("a\tQ\n", "found the tag \"Q\""), ("a\tB-\n", "found the tag \"B-\""), ("a\tX-Y\n", "found the tag \"X-Y\""),
]) func `an error names file, line, and what was found and expected`(_ text: String, _ message: String) {
  let found = fault(Array(text.utf8))?.description ?? ""
  #expect(found.contains(message), "\(found)")
}

@Test func `invalid UTF-8 is reported at its line`() {
  let found = fault(Array("a\tO\n".utf8) + [0x62, 0xFF, 0x09, 0x4F, 0x0A])
  #expect(found?.badLines.map(\.line) == [2] && found?.badLines.first?.problem == .notUTF8)
}

@Test func `the first invalid lines are reported together`() {
  let found = fault(Array((0..<9).map { "w\($0)\tnoun\n" }.joined().utf8))
  #expect(found?.badLineCount == 9 && found?.badLines.map(\.line) == [1, 2, 3, 4, 5])
  #expect(
    found?.description.hasSuffix(
      "… and 4 more invalid lines.\nIs the label column correct ('data.label_column': an index from 0, \"first\" or "
        + "\"last\")? A header line is not part of the format. If the tags are types without a prefix, set the scheme to \"io\"."
    )
      == true)
}

@Test func `a missing file and a folder are rejected`() {
  #expect(throws: FileFault.missing(path: "/no/such.tsv")) { try readCoNLL("/no/such.tsv") }
  #expect(throws: FileFault.self) { try readCoNLL("/") }
}

@Test func `random bytes never crash`() {
  let alphabet = Array("\t\t\n\n \rO-BX\u{FEFF}".utf8)
  var seed: UInt64 = 7
  for _ in 0..<3000 {
    let bytes = (0..<24).map { _ -> UInt8 in
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return alphabet[Int(seed >> 33) % alphabet.count]
    }
    if let fault = fault(bytes) { #expect(!fault.description.isEmpty) }
  }
}

@Test func `LF, CRLF and CR give the same sentences`() throws {
  let text = "a\tB-X\nb\tO\n\nc\tO\n"
  let expected = try parseCoNLL(Array(text.utf8), named: "f")
  for terminator in ["\r\n", "\r"] {
    #expect(try parseCoNLL(Array(text.replacing("\n", with: terminator).utf8), named: "f") == expected)
  }
}

@Test func `a sentence has its number and line`() throws {
  let second = try parse("a\tB-X\nb\tO\n\nc\tO\n")[1]
  #expect(second.source?.description(of: "sentence") == "f.tsv, sentence 2 (line 4)")
}
