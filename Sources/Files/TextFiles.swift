/// Streams the documents of a text file: one per line, as plain text or as JSON, compressed with gzip or not.
/// Does not split documents into sentences or words.
import Glibc

/// A document, or a part of one that is longer than 1 MiB.
///
/// A long document is cut before the white space that precedes a word, so that the tokens of its parts are those of the
/// whole document; a MiB without white space is cut between two code points.
package struct TextPart: Sendable {
  package let text: String
  /// The document's line, counted from 1.
  package let line: Int
  package let startsDocument: Bool
}

/// Calls `body` with the documents of the file at `path`, in order and in parts. Memory use does not grow with the text,
/// except with a line of JSON, which may have at most 100 MB.
///
/// - A file named `.jsonl` or `.json` (also with `.gz` after it) has one JSON object per line; a document is the values
///   of `fields` in that order, joined by a space. Empty `fields` means `["text"]`.
/// - Any other file is plain text, one document per line.
/// - Gzip is detected from the first two bytes, not from the name. Blank lines and blank documents are skipped.
///
/// ```swift
/// try forEachPart(in: "pubmed.jsonl.gz", fields: ["title", "abstract"]) { words.add($0.text, splitBy: tokenizer) }
/// ```
/// - Throws: `FileFault`, with the line number, for bytes that are not UTF-8, invalid JSON, a field that is missing or
///   not a string, and damaged or truncated gzip data; and the errors of `body`.
package func forEachPart(in path: String, fields: [String], _ body: (TextPart) throws -> Void) throws {
  let name = path.hasSuffix(".gz") ? path.dropLast(3) : path[...]
  let isJSON = name.hasSuffix(".jsonl") || name.hasSuffix(".json")
  var splitter = LineSplitter(), documents = DocumentReader(path: path)
  var lines = JSONLineReader(path: path, fields: fields.isEmpty ? ["text"] : fields)
  func pass(_ part: LineSplitter.Part) throws {
    if isJSON {
      try lines.read(part) { try documents.read($0, body) }
    } else {
      try documents.read(part, body)
    }
  }
  try forEachChunk(in: path) { try splitter.split($0, pass) }
  try splitter.finish(pass)
}

/// Calls `body` with each whole document, as `forEachPart` reads them. Memory use is that of the longest document.
package func forEachText(in path: String, fields: [String], _ body: (String) throws -> Void) throws {
  var document: String?
  try forEachPart(in: path, fields: fields) { part in
    if part.startsDocument {
      if let document { try body(document) }
      document = part.text
    } else {
      document? += part.text
    }
  }
  if let document { try body(document) }
}

/// Makes documents of lines of plain text: checks that they are UTF-8, and skips what is blank before the first word.
private struct DocumentReader {
  let path: String
  private var startsDocument = true

  init(path: String) { self.path = path }

  mutating func read(_ part: LineSplitter.Part, _ body: (TextPart) throws -> Void) throws {
    if part.startsLine { startsDocument = true }
    if startsDocument, part.bytes.allSatisfy({ $0 == 0x20 || 0x09...0x0D ~= $0 }) { return }
    guard let text = String(validating: part.bytes, as: UTF8.self) else {
      throw FileFault.malformed(
        file: path, line: part.line, found: "bytes that are not UTF-8",
        expected: "UTF-8 text; convert the file, for example with iconv")
    }
    let isFirst = startsDocument
    startsDocument = false
    try body(TextPart(text: text, line: part.line, startsDocument: isFirst))
  }
}

/// Collects the parts of lines of JSON, and passes on the texts of their objects in parts.
private struct JSONLineReader {
  private static let maximumSize = 100_000_000
  let path: String
  let fields: [String]
  private var line: [UInt8] = []

  init(path: String, fields: [String]) { (self.path, self.fields) = (path, fields) }

  mutating func read(_ part: LineSplitter.Part, _ body: (LineSplitter.Part) throws -> Void) throws {
    guard line.count + part.bytes.count <= Self.maximumSize else {
      throw FileFault.malformed(
        file: path, line: part.line, found: "a line of more than 100 MB",
        expected: "shorter JSON lines; only plain text may have lines of any length")
    }
    if part.startsLine, part.endsLine { return try read(part.bytes, part.line, body) }
    line += part.bytes
    guard part.endsLine else { return }
    defer { line = [] }
    try line.withUnsafeBytes { try read($0, part.line, body) }
  }

  private func read(
    _ bytes: UnsafeRawBufferPointer, _ line: Int, _ body: (LineSplitter.Part) throws -> Void
  ) throws {
    if bytes.allSatisfy({ $0 == 0x20 || 0x09...0x0D ~= $0 }) { return }
    var text = try values(of: fields, in: bytes, path, line)
    if text.allSatisfy(\.isWhitespace) { return }
    try text.withUTF8 { text in
      var rest = UnsafeRawBufferPointer(text), startsLine = true
      while !rest.isEmpty {
        let count = rest.count > LineSplitter.maximumPartSize ? cut(rest) : rest.count
        try body(
          .init(
            bytes: UnsafeRawBufferPointer(rebasing: rest[..<count]), line: line, startsLine: startsLine,
            endsLine: count == rest.count))
        (rest, startsLine) = (UnsafeRawBufferPointer(rebasing: rest[count...]), false)
      }
    }
  }
}

/// The values of `fields` in the JSON object of a line, joined by a space.
private func values(
  of fields: [String], in bytes: UnsafeRawBufferPointer, _ path: String, _ line: Int
) throws -> String {
  let tree = try JSON(parsingLine: bytes, named: "\(path):\(line)")
  func fault(_ found: String, _ expected: String) -> FileFault {
    .malformed(file: path, line: line, found: "found \(found)", expected: expected)
  }
  guard let members = tree.object else { throw fault(tree.typeName, "a JSON object on each line") }
  return try fields.map { field in
    guard let value = members[field] else {
      let names = members.keys.sorted().prefix(10).map { "'\($0)'" }.joined(separator: ", ")
      throw fault("no field '\(field)'", "one of \(names.isEmpty ? "the line's fields, but it has none" : names)")
    }
    guard let text = value.string else { throw fault("\(value.typeName) in '\(field)'", "a string") }
    return text
  }.joined(separator: " ")
}

/// Calls `body` with the file's bytes in order, at most 256 KiB at a time; gzip data are decompressed.
private func forEachChunk(in path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
  let descriptor = try openForReading(path)
  defer { close(descriptor) }
  var buffer = [UInt8](repeating: 0, count: 1 << 18)
  var gunzip: Gunzip?
  var isFirst = true
  while true {
    // Full buffers, so that the first one has both magic bytes even if a pipe delivers them one by one.
    let count = try buffer.withUnsafeMutableBytes { try fill($0, from: descriptor, path: path) }
    if count == 0 { break }
    try buffer.withUnsafeBytes {
      let chunk = UnsafeRawBufferPointer(rebasing: $0[..<count])
      if isFirst {
        try checkNoPointer(chunk, path: path)
        if chunk.starts(with: [0x1F, 0x8B]) { gunzip = Gunzip(path: path) }
      }
      isFirst = false
      if let gunzip { try gunzip.decompress(chunk, body) } else { try body(chunk) }
    }
  }
  try gunzip?.finish()
}

/// Reads until `buffer` is full or the file ends.
private func fill(
  _ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, path: String
) throws(FileFault) -> Int {
  var size = 0
  while size < buffer.count {
    let count = read(descriptor, buffer.baseAddress! + size, buffer.count - size)
    if count == 0 { break }
    if count > 0 { size += count } else if errno != EINTR { throw .unreadable(path: path, why: reason(errno)) }
  }
  return size
}
