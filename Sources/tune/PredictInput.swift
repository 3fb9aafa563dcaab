/// The lines that `tune predict` reads, and those that it prints.
import Datasets
import Files
import FoundationEssentials
import Serving

/// A line of input: a text, a pair of texts, or words.
struct PredictInput {
  /// What each model reads of it, by its own columns.
  let records: [Record]
  /// The line's object without the closing brace. Its members are printed as they are, also numbers that no type holds.
  private let members: String
  private let keys: Set<String>

  /// - Throws: `FileFault` for a line that begins with `{` and is not JSON, or has no text.
  /// - Parameter columns: of each model.
  init(_ input: LineReader.Line, _ columns: [InputColumns] = [InputColumns()]) throws {
    var line = try input.text()
    let (file, number) = (input.file, input.number)
    let source = Record.SourceLocation(file: file, line: number, record: number)
    guard line.utf8.first(where: { ![0x20, 0x09].contains($0) }) == UInt8(ascii: "{") else {
      records = try columns.map { try $0.record(text: line, id: "\(number)", source: source) }
      (members, keys) = ("{\"text\":\(JSON.string(line).text(pretty: false))", ["text"])
      return
    }
    let json = try line.withUTF8 { try JSON(parsingLine: UnsafeRawBufferPointer($0), named: "\(file):\(number)") }
    let object = json.object ?? [:]
    keys = Set(object.keys)
    members = String(line[..<(line.lastIndex(of: "}") ?? line.endIndex)])
    records = try columns.map { try $0.record(of: object, id: "\(number)", source: source) }
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
