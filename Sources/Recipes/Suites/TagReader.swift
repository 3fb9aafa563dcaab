/// Reads words with tags: a CoNLL file in IOB2, or JSON lines with "tokens" and "ner_tags".
import Datasets
import Files

struct TagReader {
  let suite: String
  let set: SuiteSet
  let file: String

  /// Sentences with the tags of the set: B- and I- with its type, or types alone where words are scored; and the file's types.
  func read() throws -> (records: [Record], types: Swift.Set<String>) {
    let sentences = file.contains(/\.jsonl?$/) ? try json() : try readCoNLL(file)
    let types = Swift.Set(sentences.flatMap(\.tags).compactMap { EntityTag($0)?.type })
    try check(sentences, types)
    let records = try sentences.map { sentence in
      var record = sentence
      record.tags = try sentence.tags.map { try tag($0, types, sentence.source?.line) }
      return record
    }
    return (records, types)
  }

  /// - Throws: `LookAlikeFault` for the entities of another set, or tags in IOB1.
  private func check(_ sentences: [Record], _ types: Swift.Set<String>) throws(LookAlikeFault) {
    guard case .entities(let type, _) = set.content else { return }
    let others = ["chem", "disease", "gene"].filter { !type.lowercased().hasPrefix($0) }
    if type != "Entity",
      let other = types.first(where: { found in others.contains(where: found.lowercased().hasPrefix) })
    {
      throw lookAlike("its entities are of the type \(printable(other)), not \(type)")
    }
    if TagScheme.detect(in: sentences.map(\.tags)) == .iob1 { throw lookAlike("its tags are IOB1, not IOB2") }
  }

  private func lookAlike(_ found: String) -> LookAlikeFault {
    .init(file: file, expected: "\(suite)'s \(set.name)", found: found)
  }

  private func tag(_ tag: String, _ types: Swift.Set<String>, _ line: Int?) throws -> String {
    if tag == "O" { return tag }
    guard let found = EntityTag(tag), found.prefix == .begin || found.prefix == .inside else {
      throw FileFault.malformed(
        file: file, line: line, found: "found the tag \"\(printable(tag))\"",
        expected: "tags in IOB2: O, B-TYPE or I-TYPE")
    }
    switch set.content {
    case .entities(let type, let merged):
      guard merged || types.count == 1 else {
        throw lookAlike(
          "it has the entity types \(types.sorted().prefix(10).joined(separator: ", ")), but the set has one")
      }
      return found.prefix == .begin ? "B-\(type)" : "I-\(type)"
    case .words(let expected):
      guard expected.contains(found.type) else {
        throw lookAlike(
          "it has the type \"\(printable(found.type))\", but its types are \(expected.joined(separator: ", "))")
      }
      return found.type
    default: preconditionFailure("TagReader: a set without tags")
    }
  }

  /// `{"tokens": ["Aspirin"], "ner_tags": ["B"]}`, or the numbers 0, 1 and 2 for O, B and I.
  private func json() throws -> [Record] {
    try JSON.lines(path: file).enumerated().map { index, json in
      func fault(_ found: String, _ expected: String) -> FileFault {
        .malformed(file: file, line: index + 1, found: found, expected: expected)
      }
      guard let words = json["tokens"]?.array, let tags = json["ner_tags"]?.array, words.count == tags.count,
        !words.isEmpty
      else {
        throw fault("found no tokens with their tags", "\"tokens\" and \"ner_tags\", lists of the same length")
      }
      return Record(
        id: String(index + 1),
        words: try words.map { word in
          // It becomes a column of a line.
          guard let text = word.string, !text.utf8.allSatisfy({ $0 == 32 }),
            !text.utf8.contains(where: { 9...13 ~= $0 })
          else {
            throw fault("found the token \(word.shown)", "a text without line breaks that is not empty")
          }
          return text
        },
        tags: try tags.map { tag in
          if let text = tag.string { return text }
          guard let number = tag.int, (0...2).contains(number), case .entities(_, false) = set.content else {
            throw fault(
              "found the tag \(tag.shown)", "a tag as text, or of a set with one entity type 0, 1 or 2 (O, B, I)")
          }
          return ["O", "B", "I"][number]
        }, source: .init(file: file, line: index + 1, record: index + 1))
    }
  }
}
