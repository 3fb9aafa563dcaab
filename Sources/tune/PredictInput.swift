/// The lines that `tune predict` reads, and those that it prints.
import Datasets
import Files
import FoundationEssentials
import Models
import Serving
import Tasks

/// The keys of an input object that hold its texts: the columns of the run, if all runs have the same, else "text" and
/// "text_pair"; for token classifiers also "words".
struct InputColumns {
  private(set) var text = ["text"], textPair = ["text_pair"], words: String?
  /// Where the entities of relation extraction are.
  private(set) var entities = EntityForms()

  init() {}

  /// - Parameter members: that read the lines.
  init(_ members: [Member]) {
    func commonValue(_ key: String) -> JSON? {
      let values = members.map { $0.settings?.data?[key] }
      return values.dropFirst().allSatisfy { $0 == values[0] } ? values.first ?? nil : nil
    }
    func common(_ key: String) -> String? { commonValue(key)?.string }
    func entity(_ name: String) -> EntityForm {
      EntityForm(
        column: common("\(name)_column"), marks: commonValue("\(name)_marks")?.array?.compactMap(\.string),
        type: common("\(name)_type"))
    }
    entities = EntityForms(subject: entity("subject"), object: entity("object"))
    if let name = common("text_column"), name != "text" { text.insert(name, at: 0) }
    if let name = common("text_pair_column"), name != "text_pair" { textPair.insert(name, at: 0) }
    words = members.allSatisfy { $0.model.headType == .tokenClassification } ? "words" : nil
    if members.allSatisfy(\.answersQuestions) { (text, textPair) = (["question"], ["context"]) }
  }
}

/// A line of input: a text, a pair of texts, or words.
struct PredictInput {
  let record: Record
  /// The line's object without the closing brace. Its members are printed as they are, also numbers that no type holds.
  private let members: String
  private let keys: Set<String>

  /// - Throws: `FileFault` for a line that begins with `{` and is not JSON, or has no text.
  init(_ input: LineReader.Line, _ columns: InputColumns = InputColumns()) throws {
    var line = try input.text()
    let (file, number) = (input.file, input.number)
    let source = Record.SourceLocation(file: file, line: number, record: number)
    guard line.utf8.first(where: { ![0x20, 0x09].contains($0) }) == UInt8(ascii: "{") else {
      record = try Self.record(Record(id: "\(number)", texts: [line], source: source), [:], columns)
      (members, keys) = ("{\"text\":\(JSON.string(line).text(pretty: false))", ["text"])
      return
    }
    let json = try line.withUTF8 { try JSON(parsingLine: UnsafeRawBufferPointer($0), named: "\(file):\(number)") }
    let object = json.object ?? [:]
    keys = Set(object.keys)
    members = String(line[..<(line.lastIndex(of: "}") ?? line.endIndex)])
    let fault = { (found: String) -> FileFault in
      let words = columns.words == nil ? "" : ", or with \"words\": a list of strings that are not empty"
      return .malformed(
        file: file, line: number, found: found,
        expected: "an object with a string \"\(columns.text[0])\" (and \"\(columns.textPair[0])\" for pairs)\(words)")
    }
    let texts = try Self.texts(object, columns, fault), words = try Self.words(object, columns, fault)
    guard texts.isEmpty != words.isEmpty || object[columns.words ?? ""] == [] else {
      throw fault(texts.isEmpty ? "an object without text" : "both a text and words")
    }
    record = try Self.record(Record(id: "\(number)", texts: texts, words: words, source: source), object, columns)
  }

  /// The record with its entities, if the line has them.
  private static func record(
    _ record: Record, _ object: [String: JSON], _ columns: InputColumns
  ) throws(TableFault) -> Record {
    let entities = columns.entities
    guard entities.areGiven, let text = record.texts.first, entities.columns.allSatisfy({ object[$0] != nil }) else {
      return record
    }
    var record = record
    do throws(TableFault.Problem) {
      (record.texts[0], record.entities) = try entities.read(text) { object[$0] ?? .null }
    } catch {
      throw TableFault(file: record.source?.file ?? "", line: record.source?.line ?? 0, error)
    }
    return record
  }

  private static func texts(
    _ object: [String: JSON], _ columns: InputColumns, _ fault: (String) -> FileFault
  ) throws(FileFault) -> [String] {
    var texts: [String] = []
    for names in [columns.text, columns.textPair] {
      guard let name = names.first(where: { object[$0].map { $0 != .null } ?? false }), let value = object[name] else {
        break
      }
      guard let text = value.string else { throw fault("\(value.typeName) in \"\(name)\"") }
      texts.append(text)
    }
    return texts
  }

  private static func words(
    _ object: [String: JSON], _ columns: InputColumns, _ fault: (String) -> FileFault
  ) throws(FileFault) -> [String] {
    guard let name = columns.words, let value = object[name], value != .null else { return [] }
    let words = value.array?.compactMap(\.string).filter { !$0.isEmpty }
    guard let words, words.count == value.array?.count else { throw fault("other values in \"\(name)\"") }
    return words
  }

  /// The line of output: the input's members, then those of the predictions. Input members of the same names, such as gold
  /// labels, are left out, and their names added to `replaced`.
  func output(with predictions: [String: JSON], replaced: inout Set<String>) -> String {
    let names = keys.intersection(predictions.keys)
    replaced.formUnion(names)
    let members = names.isEmpty ? members : "{" + members(without: names).joined(separator: ",")
    let added = JSON.object(predictions).text(pretty: false).dropFirst()
    let isEmpty = members.utf8.allSatisfy { [0x20, 0x09, UInt8(ascii: "{")].contains($0) }
    return members + (isEmpty ? "" : ",") + added
  }

  /// The members with other names, as they are written.
  private func members(without names: Set<String>) -> [Substring] {
    var parts: [Substring] = [], depth = 0, isInString = false, isEscaped = false
    var start = members.startIndex
    for index in members.utf8.indices {
      let byte = members.utf8[index], next = members.utf8.index(after: index)
      if isEscaped || isInString && byte != UInt8(ascii: "\"") {
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString.toggle()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        if depth == 1 { start = next }
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ",") where depth == 1:
        parts.append(members[start..<index])
        start = next
      default: break
      }
    }
    return (parts + [members[start...]]).filter { part in
      let member = try? JSON(parsing: Data("{\(part)}".utf8), named: "member").object
      return member?.keys.allSatisfy { !names.contains($0) } ?? true
    }
  }
}
