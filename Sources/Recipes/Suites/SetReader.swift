/// Reads the files of a set in any of its layouts, as records of one form: what a label or tag is called in a layout makes no
/// difference. Writes nothing.
import Datasets
import Files
import Hashing

struct SetReader {
  let suite: String
  let set: SuiteSet
  let folder: SetFolder

  /// The records of train, dev and test.
  /// - Throws: `LookAlikeFault`; `FileFault` or `CoNLLFault` for files that cannot be read, or records that are malformed.
  func records() throws -> [[Record]] {
    if case .pubMedQA = set.content { return try PubMedQA(folder: folder).records() }
    let splits: [[Record]]
    if set.hasTags {
      let read = try folder.files.map { try TagReader(suite: suite, set: set, file: $0).read() }
      if let file = read.first(where: { $0.types != read[0].types }), !set.mergesTypes {
        throw lookAlike(
          folder.path, "its files have different entity types: \(text(read[0].types)), and \(text(file.types))")
      }
      splits = read.map(\.records)
    } else {
      splits = try folder.files.map(records)
    }
    return splits.map { records in
      let isUnique = Swift.Set(records.map(\.id)).count == records.count
      return isUnique ? records : records.enumerated().map { $1.with(id: "\($0 + 1)") }
    }
  }

  private func text(_ types: Swift.Set<String>) -> String {
    types.isEmpty ? "none" : types.sorted().prefix(10).map { printable($0) }.joined(separator: ", ")
  }

  private func records(_ file: String) throws -> [Record] {
    switch set.content {
    case .entities, .words: return try TagReader(suite: suite, set: set, file: file).read().records
    case .relations(let labels):
      let rows = try SetTable(file, columns: [.id, .text, .label]).rows
      let records = try rows.map { row in
        let given = try row.text(.label)
        let label = try label(given, among: labels, row)
        return Record(id: row.id, texts: [try row.text(.text)], labels: [label])
      }
      let replaced = records.count { $0.texts[0].contains(/@[^@ ]+\$/) }
      guard 2 * replaced > records.count else {
        throw lookAlike(
          file, "\(replaced) of \(records.count) sentences have their entities replaced by their types, as in @GENE$")
      }
      return records
    case .similarity:
      return try SetTable(file, columns: [.id, .first, .second, .label]).rows.map { row in
        Record(id: row.id, texts: [try row.text(.first), try row.text(.second)], value: try row.number(.label))
      }
    case .pairs(let labels):
      return try SetTable(file, columns: [.id, .first, .second, .label]).rows.map { row in
        let label = try label(row.text(.label), among: labels, row)
        return Record(id: row.id, texts: [try row.text(.first), try row.text(.second)], labels: [label])
      }
    case .documents(let labels): return try documents(file, labels)
    case .pubMedQA: preconditionFailure("records: PubMedQA has files of its own")
    }
  }

  /// A label as the set has it: "0" of every label of no relation, "DDI-effect" of "effect".
  private func label(_ text: String, among labels: [String], _ row: SetTable.Row) throws -> String {
    let text = text.contains("false") ? "0" : text
    guard let label = labels.first(where: { $0 == text || $0.hasSuffix("-\(text)") && $0.hasPrefix("DDI-") }) else {
      let isSciBERT = ["INHIBITOR", "ACTIVATOR", "DOWNREGULATOR", "UPREGULATOR", "ANTAGONIST", "AGONIST", "SUBSTRATE"]
        .contains { text.hasPrefix($0) || text.hasSuffix($0) }
      throw lookAlike(
        row.file,
        "line \(row.line) has the label \"\(printable(text))\", "
          + (isSciBERT && set.name == "ChemProt" ? "as SciBERT's ChemProt with 13 labels, " : "")
          + "but its labels are \(labels.joined(separator: ", "))",
        "To train on these data, make them a task of 'tune bench'"
          + (isSciBERT ? "; 'tune cat chemprot-lora' is a recipe for them." : "."))
    }
    return label
  }

  private func lookAlike(_ file: String, _ found: String, _ advice: String = "") -> LookAlikeFault {
    LookAlikeFault(file: file, expected: "\(suite)'s \(set.name)", found: found, advice: advice)
  }

  /// The sentences of a document, whose id is before the "_" of theirs, are one text with the labels of any of them.
  private func documents(_ file: String, _ labels: [String]) throws -> [Record] {
    var records: [Record] = [], seen: Swift.Set<String> = []
    for row in try SetTable(file, columns: [.label, .text, .id]).rows {
      // "22355784_s0", or "22355784" where a document is a row.
      let sentence = try row.text(.id), id = sentence.prefix { $0 != "_" }.description
      guard !id.isEmpty, id.allSatisfy(\.isNumber) else {
        throw row.fault("found the id \(printable(sentence))", expected: "a PubMed id, and after it _s and a number")
      }
      let own = try applying(row, labels), text = try row.text(.text)
      if let last = records.last, last.id == id {
        records[records.count - 1].texts[0] += " " + text
        records[records.count - 1].labels = labels.filter { last.labels.contains($0) || own.contains($0) }
      } else {
        guard seen.insert(id).inserted else {
          throw row.fault("found the document \(printable(id)) again", expected: "its sentences next to each other")
        }
        records.append(Record(id: id, texts: [text], labels: own))
      }
    }
    return records
  }

  /// The labels that apply: of `0_0,1_1,…`, or of a list of 0 and 1.
  private func applying(_ row: SetTable.Row, _ labels: [String]) throws -> [String] {
    let value = try row.value(.label)
    let flags: [String]
    if let list = value.array {
      flags = zip(0..., list).map { "\($0)_\($1.int.map(String.init) ?? "")" }
    } else {
      flags = (value.string ?? "").split(separator: ",").map(String.init)
    }
    guard flags.count == labels.count, zip(flags, labels).allSatisfy({ $0 == "\($1)_0" || $0 == "\($1)_1" }) else {
      throw row.fault(
        "found the labels \(value.shown)",
        expected: "\(labels.count) labels as in \(labels[0])_0,\(labels[1])_1,…, or a list of 0 and 1")
    }
    return zip(flags, labels).filter { $0.0.hasSuffix("_1") }.map(\.1)
  }
}

extension Record {
  fileprivate func with(id: String) -> Record {
    var record = self
    record.id = id
    return record
  }
}
