/// Reads sentences from CoNLL-style column files of words and tags. Does not interpret tags: `TagScheme` does.
internal import Files
internal import FoundationEssentials

/// Columns of a CoNLL file. 0 is the first, -1 the last, -2 the second to last.
package struct CoNLLColumns: Sendable, Equatable {
  package var word: Int
  package var label: Int
  /// If false, a file without a label column is read as words only.
  package var labelsRequired: Bool

  package init(word: Int = 0, label: Int = -1, labelsRequired: Bool = true) {
    self.word = word
    self.label = label
    self.labelsRequired = labelsRequired
  }
}

/// Reads the sentences of a UTF-8 file, which may be compressed with gzip, with one word per line and a blank line between sentences.
///
/// Columns are separated by tabs if the first line with words has a tab, otherwise by runs of spaces. Every line must
/// have as many columns as the first. `-DOCSTART-` lines are skipped. With tabs, a word may contain spaces.
///
/// A record has `words`, their `tags` (none if the file has no labels), and the number of the sentence as `id`; its
/// `texts` are empty.
///
///     let train = try readCoNLL("train.tsv")
///     let conll2003 = try readCoNLL("eng.testa", columns: CoNLLColumns(word: 0, label: 3))
///
/// - Parameter scheme: only IO accepts any text as a tag.
/// - Throws: `FileFault` if the file cannot be read, `CoNLLFault` with the first invalid lines if it cannot be parsed.
package func readCoNLL(
  _ path: String, columns: CoNLLColumns = CoNLLColumns(), scheme: TagScheme? = nil
) throws -> [Record] {
  var bytes = [UInt8](try readFile(path, limit: .max))
  if bytes.starts(with: [0x1F, 0x8B]) {
    let file = try MappedFile.decompressed(path: path)
    bytes = withExtendedLifetime(file) { [UInt8](file.bytes) }
  }
  return try parseCoNLL(bytes, named: path, columns: columns, scheme: scheme)
}

/// Parses the bytes of a CoNLL file; errors report it as `name`.
package func parseCoNLL(
  _ bytes: [UInt8], named name: String, columns: CoNLLColumns = CoNLLColumns(), scheme: TagScheme? = nil
) throws(CoNLLFault) -> [Record] {
  var reader = CoNLLReader(file: name, columns: columns, scheme: scheme ?? .iob2)
  for (index, line) in lines(of: bytes).enumerated() { reader.read(line, number: index + 1) }
  reader.endSentence()
  if reader.badLineCount > 0 {
    throw CoNLLFault(file: name, badLines: reader.badLines, badLineCount: reader.badLineCount)
  }
  guard !reader.sentences.isEmpty else { throw CoNLLFault(file: name, badLines: [], badLineCount: 0) }
  return reader.sentences
}

/// The lines without line terminators (LF, CRLF, or CR if there is no LF) and without a byte order mark.
private func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
  let terminator: UInt8 = bytes.contains(10) ? 10 : 13
  return bytes.dropFirst(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    .split(separator: terminator, omittingEmptySubsequences: false)
}

/// The parser's state between lines.
private struct CoNLLReader {
  /// Set by the first line with words.
  struct Layout {
    let separator: UInt8
    let columns: Int
    let word: Int
    /// nil if the file has no labels.
    let label: Int?
    let line: Int
  }

  let file: String
  let columns: CoNLLColumns
  let scheme: TagScheme
  var layout: Layout?
  var sentence = Record(id: "")
  var sentences: [Record] = []
  var badLines: [CoNLLFault.BadLine] = []
  var badLineCount = 0
  private var documents = 0

  init(file: String, columns: CoNLLColumns, scheme: TagScheme) {
    (self.file, self.columns, self.scheme) = (file, columns, scheme)
  }

  mutating func endSentence() {
    guard !sentence.words.isEmpty else { return }
    sentence.id = String(sentences.count + 1)
    sentences.append(sentence)
    sentence = Record(id: "")
  }

  mutating func read(_ raw: ArraySlice<UInt8>, number: Int) {
    let line = trimmed(raw, leadingTabs: false)
    guard line.contains(where: { !isBlank($0) }) else { return endSentence() }
    if line.starts(with: Array("-DOCSTART-".utf8)) {
      documents += 1
      return endSentence()
    }
    guard String(validating: line, as: UTF8.self) != nil else { return fail(number, line, .notUTF8) }
    if layout == nil { setLayout(line, number: number) }
    guard let layout else { return }
    let fields = split(line, at: layout.separator)
    guard fields.count == layout.columns else {
      return fail(number, line, .columns(found: fields.count, expected: layout.columns, as: layout.line))
    }
    let word = String(decoding: fields[layout.word], as: UTF8.self)
    guard !word.isEmpty else { return fail(number, line, .emptyWord) }
    if let label = layout.label {
      let tag = String(decoding: fields[label], as: UTF8.self)
      guard scheme.accepts(tag) else { return fail(number, line, .tag(tag)) }
      sentence.tags.append(tag)
    }
    if sentence.words.isEmpty {
      sentence.source = .init(
        file: file, line: number, record: sentences.count + 1, document: documents > 0 ? "\(file)#\(documents)" : nil)
    }
    sentence.words.append(word)
  }

  /// Determines separator and column count from the first line with words.
  private mutating func setLayout(_ line: ArraySlice<UInt8>, number: Int) {
    let separator = line.contains(tab) ? tab : space
    let count = split(line, at: separator).count
    let word = resolve(columns.word, count), label = resolve(columns.label, count)
    guard let word, word != label || !columns.labelsRequired, label != nil || !columns.labelsRequired else {
      return fail(number, line, .tooFewColumns(found: count, word: columns.word, label: columns.label))
    }
    layout = Layout(
      separator: separator, columns: count, word: word, label: label == word ? nil : label, line: number)
  }

  private mutating func fail(_ number: Int, _ line: ArraySlice<UInt8>, _ problem: CoNLLFault.Problem) {
    badLineCount += 1
    guard badLines.count < maxReportedLines else { return }
    badLines.append(CoNLLFault.BadLine(line: number, text: excerpt(line), problem: problem))
  }
}

private let tab = UInt8(ascii: "\t")
private let space = UInt8(ascii: " ")

private func isBlank(_ byte: UInt8) -> Bool { byte == space || (9...13).contains(byte) }

/// Without surrounding whitespace. Leading tabs are kept unless `leadingTabs`: they mark an empty first column.
private func trimmed(_ bytes: ArraySlice<UInt8>, leadingTabs: Bool) -> ArraySlice<UInt8> {
  var bytes = bytes
  while let last = bytes.last, isBlank(last) { bytes.removeLast() }
  while let first = bytes.first, isBlank(first), first != tab || leadingTabs { bytes.removeFirst() }
  return bytes
}

private func split(_ line: ArraySlice<UInt8>, at separator: UInt8) -> [ArraySlice<UInt8>] {
  guard separator == tab else { return line.split(separator: separator) }
  return line.split(separator: tab, omittingEmptySubsequences: false).map { trimmed($0, leadingTabs: true) }
}

private func resolve(_ column: Int, _ count: Int) -> Int? {
  let index = column < 0 ? count + column : column
  return (0..<count).contains(index) ? index : nil
}
