/// How the text that the model reads shows which two entities are meant. Does not know where a record has them from.
import Datasets

package enum EntityMarking: String, CaseIterable, Sendable, Codable {
  /// `@TYPE$` in place of each entity (BLURB's dummification).
  case dummy
  /// `<S:TYPE>` and `</S:TYPE>` around the subject, `<O:TYPE>` and `</O:TYPE>` around the object, which are new tokens
  /// (Zhong & Chen 2021); `<S>` without a type.
  case markers

  /// The text with both entities marked.
  func text(_ text: String, _ entities: EntityPair) -> String {
    let scalars = Array(text.unicodeScalars)
    func part(_ range: Range<Int>) -> String { String(scalars[range]) }
    let marked = zip(roles, entities.mentions).map { role, entity in
      (range: entity.range, text: replacement(of: part(entity.range), role, entity.type))
    }
    .sorted { $0.range.lowerBound < $1.range.lowerBound }
    return part(0..<marked[0].range.lowerBound) + marked[0].text
      + part(marked[0].range.upperBound..<marked[1].range.lowerBound) + marked[1].text
      + part(marked[1].range.upperBound..<scalars.count)
  }

  private func replacement(of text: String, _ role: String, _ type: String?) -> String {
    switch self {
    case .dummy: return "@\(type ?? "ENTITY")$"
    case .markers:
      let (opening, closing) = markerTokens(role, type)
      return "\(opening) \(text) \(closing)"
    }
  }

  /// The tokens that mark the entities of these records, sorted; none for a dummy, which is read as subword tokens.
  func newTokens(for records: some Dataset) -> [String] {
    guard self == .markers else { return [] }
    var tokens: Set<String> = []
    for index in 0..<records.count {
      guard let entities = records[index].entities else { continue }
      for (role, entity) in zip(roles, entities.mentions) {
        let (opening, closing) = markerTokens(role, entity.type)
        tokens.formUnion([opening, closing])
      }
    }
    return tokens.sorted()
  }

  /// A note on entities of the records whose markers are no tokens, by opening markers; nil: all are.
  func unknownMarkersNote(_ records: any Dataset, tokens: [String]) -> String? {
    if self != .markers { return nil }
    let known = Set(tokens)
    var counts: [String: Int] = [:], found: Record?
    for index in 0..<records.count {
      let record = records[index]
      let unknown = newTokens(for: [record]).filter { !known.contains($0) && !$0.hasPrefix("</") }
      for marker in unknown { counts[marker, default: 0] += 1 }
      if found == nil, !unknown.isEmpty { found = record }
    }
    guard let first = found, let markers = list(counts) else { return nil }
    return "records have entities of types that were not seen in training, whose markers are no tokens that the model "
      + "has learned: \(markers); the first is \(first.source?.place ?? "record \(first.id)")"
  }
}

/// Of the subject and of the object, in the names of their markers.
private let roles = ["S", "O"]

private func markerTokens(_ role: String, _ type: String?) -> (opening: String, closing: String) {
  let name = role + (type.map { ":" + $0 } ?? "")
  return ("<\(name)>", "</\(name)>")
}
