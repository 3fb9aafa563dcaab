/// Streams the documents of a text file: one per line, as plain text or as JSON, compressed with gzip or not.
/// Does not split documents into sentences or words.
import Glibc

/// Calls `body` with each document of the file at `path`, in order. Memory use is that of the longest line.
///
/// - A file named `.jsonl` or `.json` (also with `.gz` after it) has one JSON object per line; a document is the values
///   of `fields` in that order, joined by a space. Empty `fields` means `["text"]`.
/// - Any other file is plain text, one document per line.
/// - Gzip is detected from the first two bytes, not from the name. Blank lines and blank documents are skipped.
///
/// ```swift
/// try forEachText(in: "pubmed.jsonl.gz", fields: ["title", "abstract"]) { words += $0.split(separator: " ").count }
/// ```
/// - Throws: `FileFault`, with the line number, for bytes that are not UTF-8, invalid JSON, a field that is missing or
///   not a string, and damaged or truncated gzip data; and the errors of `body`.
public func forEachText(in path: String, fields: [String], _ body: (String) throws -> Void) throws {
  try forEachDocument(in: path, fields: fields) { text, _ in try body(text) }
}

/// Calls `body` as `forEachText` does, with each document's line, counted from 1.
public func forEachDocument(in path: String, fields: [String], _ body: (String, Int) throws -> Void) throws {
  let fields = fields.isEmpty ? ["text"] : fields
  let name = path.hasSuffix(".gz") ? path.dropLast(3) : path[...]
  let isJSON = name.hasSuffix(".jsonl") || name.hasSuffix(".json")
  var lines = LineSplitter()
  func document(_ bytes: UnsafeRawBufferPointer, _ line: Int) throws {
    if bytes.allSatisfy({ $0 == 0x20 || 0x09...0x0D ~= $0 }) { return }
    if isJSON {
      let text = try values(of: fields, in: bytes, path, line)
      if text.contains(where: { !$0.isWhitespace }) { try body(text, line) }
    } else if let text = String(validating: bytes, as: UTF8.self) {
      try body(text, line)
    } else {
      throw FileFault.malformed(file: path, line: line, found: "bytes that are not UTF-8", expected: "UTF-8 text")
    }
  }
  try forEachChunk(in: path) { chunk in try lines.split(chunk, document) }
  try lines.finish(document)
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

/// Splits chunks into lines, which may span any number of chunks. A carriage return is kept: it is white space.
private struct LineSplitter {
  /// The beginning of a line that continues in the next chunk.
  private var pending: [UInt8] = []
  private var line = 0

  mutating func split(
    _ chunk: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    var rest = chunk
    while let start = rest.baseAddress, let end = memchr(start, 0x0A, rest.count) {
      let length = start.distance(to: UnsafeRawPointer(end))
      let head = UnsafeRawBufferPointer(rebasing: rest[..<length])
      line += 1
      if pending.isEmpty {
        try body(head, line)
      } else {
        pending += head
        try pending.withUnsafeBytes { try body($0, line) }
        pending.removeAll(keepingCapacity: true)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
    }
    pending += rest
  }

  /// Passes on the last line if it does not end with a newline.
  mutating func finish(_ body: (UnsafeRawBufferPointer, Int) throws -> Void) throws {
    line += 1
    if !pending.isEmpty { try pending.withUnsafeBytes { try body($0, line) } }
  }
}
