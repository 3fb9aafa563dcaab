/// One pass over the examples of a split, which keeps a few numbers of each. Does not judge them.
package import Datasets
import Files
import Hashing
import Tokenization

/// Of an example 24 bytes are kept, and its text is read again where it is shown.
struct SplitScan {
  let split: Split
  let paths: [String]
  let noun: String
  /// nil: running text, which has no records.
  private let records: (any Dataset)?
  /// Where each document of running text begins.
  private var lines: [(path: Int, line: Int)] = []
  /// Hashes of each example's text and of its labels.
  private(set) var hashes: [(text: UInt64, labels: UInt64)] = []
  /// Tokens of each example, without special tokens.
  private(set) var lengths: [Int32] = []
  /// Entities by type, or examples by label.
  private(set) var labels: [String: Int] = [:]
  /// Words by tag.
  private(set) var tags: [String: Int] = [:]
  /// The numbers that examples are labeled with.
  private(set) var values: [Double] = []
  private(set) var words = 0, unknownTokens = 0
  /// What examples are parts of, if it is known.
  private(set) var documents: Set<String> = []
  private(set) var illegalTags: IllegalTags?
  /// Sequences that the model reads, and examples of which tokens are cut off; nil: not known.
  let sequences: (count: Int, cut: Int)?
  var showsText = false

  var count: Int { hashes.count }

  init(
    _ split: Split, _ paths: [String], _ setup: TaskSetup, _ data: TaskData, _ tokenizer: TextTokenizer
  ) throws {
    (self.split, self.paths) = (split, paths)
    records = setup.task.records(in: split)
    noun = records == nil ? "documents" : Swift.type(of: setup.inference).description.record + "s"
    sequences = (setup.task as? RecordTask).map { task in
      let size = task.sizes(split)
      return (size.sequences, size.cut)
    }
    if let records {
      let kind = Swift.type(of: setup.inference).labelKind
      for index in 0..<records.count { add(records[index], kind, tokenizer) }
      if let scheme = setup.tagScheme { try findIllegalTags(scheme, data) }
    } else if let text = data.format as? TextFormat {
      try addDocuments(text, tokenizer)
    }
  }

  private mutating func add(_ record: Record, _ kind: LabelKind, _ tokenizer: TextTokenizer) {
    var tokens = 0
    if record.texts.isEmpty {
      let text = tokenizer.tokenize(record.words)
      tokens = count(text.ids, tokenizer)
    }
    for text in record.texts { tokens += count(tokenizer.tokenizer.ids(of: text), tokenizer) }
    words += record.wordCount
    lengths.append(Int32(tokens))
    let names = names(of: record, kind)
    for name in names { labels[name, default: 0] += 1 }
    for tag in record.tags { tags[tag, default: 0] += 1 }
    if kind == .number, let value = record.value { values.append(value) }
    let labelText = (record.tags + names + (record.value.map { ["\($0)"] } ?? [])).joined(separator: "\u{1F}")
    hashes.append((record.textHash, fnv1a(labelText)))
    if let document = record.source?.document { documents.insert(document) }
  }

  /// The labels that are counted.
  private func names(of record: Record, _ kind: LabelKind) -> [String] {
    if kind == .span { return record.answers.map { [$0.isEmpty ? "without answer" : "with answer"] } ?? [] }
    return record.labels + TagScheme.iob2.spans(record.tags).spans.map(\.type)
  }

  private mutating func addDocuments(_ format: TextFormat, _ tokenizer: TextTokenizer) throws {
    var hash = FNV1a()
    for (index, path) in paths.enumerated() {
      try forEachPart(in: path, fields: format.fields) { part in
        if part.startsDocument {
          lines.append((index, part.line))
          hashes.append((0, 0))
          lengths.append(0)
        }
        if part.startsDocument { hash = FNV1a() }
        for byte in part.text.utf8 { hash.add(UInt64(byte)) }
        hashes[count - 1].text = hash.value
        lengths[count - 1] += Int32(count(tokenizer.tokenizer.ids(of: part.text), tokenizer))
        words += wordCount(part.text)
      }
    }
  }

  private mutating func count(_ ids: [Int32], _ tokenizer: TextTokenizer) -> Int {
    unknownTokens += ids.count { $0 == tokenizer.tokenizer.unk }
    return ids.count
  }

  /// Reads the tags as the files have them, because records have them in IOB2.
  private mutating func findIllegalTags(_ scheme: TagScheme, _ data: TaskData) throws {
    guard let raw = try data.records(split) else { return }
    var found = IllegalTags(scheme)
    for index in 0..<min(raw.count, count) { found.add(raw[index]) }
    illegalTags = found
  }

  /// Where an example is.
  func place(_ index: Int) -> ExamplePlace {
    guard let record = records?[index] else {
      return ExamplePlace(place: "\(paths[lines[index].path]):\(lines[index].line)", id: nil)
    }
    let text = showsText ? String((record.words + record.texts).joined(separator: " ").prefix(80)) : nil
    let number = record.source.map { String($0.record) }
    return ExamplePlace(
      place: record.source?.place ?? "record \(record.id)", id: record.id == number ? nil : record.id, text: text)
  }
}

/// Tags that may not stand where they do in the scheme of the data.
package struct IllegalTags: Sendable, Equatable {
  package let scheme: TagScheme
  /// "O → I-Disease", with "start" before the first tag and "end" after the last.
  package private(set) var transitions: [String: Int] = [:]
  package private(set) var found = FoundExamples()

  init(_ scheme: TagScheme) { self.scheme = scheme }

  mutating func add(_ record: Record) {
    let tags = record.tags
    for index in scheme.spans(tags).invalid {
      let from = index > 0 ? tags[index - 1] : "start", to = index < tags.count ? tags[index] : "end"
      transitions["\(from) → \(to)", default: 0] += 1
      found.add(ExamplePlace(place: record.place(ofWord: min(index, tags.count - 1)), id: nil))
    }
  }

  var json: JSON {
    [
      "scheme": .string(scheme.rawValue), "count": .int(found.count),
      "transitions": .object(transitions.mapValues(JSON.int)), "examples": .array(found.examples.map(\.json)),
    ]
  }
}
