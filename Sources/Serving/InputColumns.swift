/// Which members of an input object hold its texts, and the record that such an object stands for: the form of a line of
/// `tune predict` and of an input of `tune serve`.
package import Datasets
import Encoders
package import Files
package import Tasks

/// The keys of an input object that hold the texts for a model: the columns of its run, or "text" and "text_pair"; for a token
/// classifier also "words".
package struct InputColumns: Sendable {
  private var text = ["text"], textPair = ["text_pair"], words: String?
  /// Where the entities of relation extraction are.
  private var entities = EntityForms()

  package init() {}

  /// - Parameter member: that reads the objects.
  package init(_ member: Member) {
    let data = member.settings?.data
    func entity(_ name: String) -> EntityForm {
      EntityForm(
        column: data?["\(name)_column"]?.string, marks: data?["\(name)_marks"]?.array?.compactMap(\.string),
        type: data?["\(name)_type"]?.string)
    }
    entities = EntityForms(subject: entity("subject"), object: entity("object"))
    if let name = data?["text_column"]?.string, name != "text" { text.insert(name, at: 0) }
    if let name = data?["text_pair_column"]?.string, name != "text_pair" { textPair.insert(name, at: 0) }
    words = member.model.headType == .tokenClassification ? "words" : nil
    if member.answersQuestions { (text, textPair) = (["question"], ["context"]) }
  }

  /// - Parameter columns: those of a table.
  /// - Throws: `FileFault` if none of them has texts.
  package func check(_ columns: [String], of file: String) throws(FileFault) {
    if text.contains(where: columns.contains) { return }
    throw .malformed(
      file: file, line: nil, found: "the columns \(columns.map { "\"\($0)\"" }.joined(separator: ", "))",
      expected: "a column \"\(text[0])\" with the texts")
  }

  /// The record of a plain text.
  /// - Throws: `TableFault` if the text has not the entities that its marks announce.
  package func record(text: String, id: String, source: Record.SourceLocation) throws(TableFault) -> Record {
    try withEntities(Record(id: id, texts: [text], source: source), [:])
  }

  /// The record of an object with a text, a pair of texts, or words.
  /// - Throws: `FileFault.malformed` for an object without text, `TableFault` for entities that cannot be read.
  package func record(of object: [String: JSON], id: String, source: Record.SourceLocation) throws -> Record {
    let fault = { (found: String) -> FileFault in
      let words = self.words == nil ? "" : ", or with \"words\": a list of strings that are not empty"
      return .malformed(
        file: source.file, line: source.line, found: found,
        expected: "an object with a string \"\(text[0])\" (and \"\(textPair[0])\" for pairs)\(words)")
    }
    let texts = try texts(of: object, fault), words = try words(of: object, fault)
    guard texts.isEmpty != words.isEmpty || object[self.words ?? ""] == [] else {
      throw fault(texts.isEmpty ? "an object without text" : "both a text and words")
    }
    return try withEntities(Record(id: id, texts: texts, words: words, source: source), object)
  }

  /// The record with its entities, if the object has them.
  private func withEntities(_ record: Record, _ object: [String: JSON]) throws(TableFault) -> Record {
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

  private func texts(of object: [String: JSON], _ fault: (String) -> FileFault) throws(FileFault) -> [String] {
    var texts: [String] = []
    for names in [text, textPair] {
      guard let name = names.first(where: { object[$0].map { $0 != .null } ?? false }), let value = object[name] else {
        break
      }
      guard let text = value.string else { throw fault("\(value.typeName) in \"\(name)\"") }
      texts.append(text)
    }
    return texts
  }

  private func words(of object: [String: JSON], _ fault: (String) -> FileFault) throws(FileFault) -> [String] {
    guard let name = words, let value = object[name], value != .null else { return [] }
    let words = value.array?.compactMap(\.string).filter { !$0.isEmpty }
    guard let words, words.count == value.array?.count else { throw fault("other values in \"\(name)\"") }
    return words
  }
}

/// What models predict for one record, by key and by the model's name, as in the output of `tune predict`.
/// - Parameter minScore: labels and entities with a lower probability are left out.
package func outputMembers(
  _ predictions: some Sequence<(name: String, prediction: Prediction)>, minScore: Double
) -> [String: JSON] {
  var members: [String: [String: JSON]] = [:]
  for (name, prediction) in predictions {
    for (key, value) in prediction.members(minScore: minScore) { members[key, default: [:]][name] = value }
  }
  return members.mapValues(JSON.object)
}
