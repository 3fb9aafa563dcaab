/// The labels of a token classifier, of any model: as tags of entities, and back.
import Datasets

/// Labels in IOB2, IOBES or BILOU, and types without a prefix, whose adjacent words are one entity (as in transformers).
///
///     let labels = try EntityLabels(["O", "B-Drug", "I-Drug", "L-Drug", "U-Drug"])
///     labels.ids(ofIOB2: ["B-Drug", "O"])                 // those of U-Drug and O
///     labels.iob2(["U-Drug", "U-Drug"])                   // ["B-Drug", "B-Drug"]
struct EntityLabels: Sendable {
  /// Without O.
  private let tagOfLabel: [String: EntityTag]
  private let ids: [EntityTag: Int32]
  private let outside: Int32?
  private let scheme: TagScheme

  /// - Throws: `TaskFault.labelNames` if the labels do not say which entities they are tags of.
  init(_ labels: [String]) throws(TaskFault) {
    let odd = Self.unreadable(labels)
    if !odd.isEmpty { throw .labelNames(odd) }
    let hasBareTags = Self.areBareTags(labels)
    let tags = labels.map { label -> EntityTag? in
      if label == "O" { return nil }
      if label.utf8.count == 1, !hasBareTags { return EntityTag(.inside, label) }
      return EntityTag(label) ?? EntityTag(.inside, label)
    }
    func isUsed(_ letters: String) -> Bool {
      zip(labels, tags).contains { label, tag in
        tag != nil && letters.contains(label.prefix(1)) && EntityTag(label) == tag
      }
    }
    scheme = isUsed("LU") ? .bilou : isUsed("ES") ? .iobes : .iob2
    tagOfLabel = Dictionary(zip(labels, tags).compactMap { label, tag in tag.map { (label, $0) } }) { first, _ in first
    }
    let numbered = zip(tags, labels.indices).compactMap { tag, id in tag.map { ($0, Int32(id)) } }
    ids = Dictionary(numbered) { first, _ in first }
    outside = labels.firstIndex(of: "O").map { Int32($0) }
  }

  /// The label of each word; -1 where the model has none. A type without B- label takes I- for its first word.
  func ids(ofIOB2 tags: [String]) -> [Int32] {
    let tags = scheme == .iob2 ? tags : scheme.tags(TagScheme.iob2.spans(tags).spans, count: tags.count)
    return tags.map { text in
      guard let tag = EntityTag(text) else { return text == "O" ? outside ?? -1 : -1 }
      return ids[tag] ?? ids[EntityTag(.inside, tag.type)] ?? -1
    }
  }

  /// Predicted labels as IOB2 tags. Of IOB2 labels sequences that are not valid are kept, for scoring as seqeval does.
  func iob2(_ predicted: [String]) -> [String] {
    let tags = predicted.map { label in
      tagOfLabel[label].map { "\($0.prefix.rawValue)-\($0.type)" } ?? "O"
    }
    return scheme == .iob2 ? tags : TagScheme.iob2.tags(TagScheme.iobes.spans(tags).spans, count: tags.count)
  }

  /// Which labels may follow each other in the scheme. A type without B- label may begin with I-.
  func legalSteps(_ labels: [String]) -> LegalSteps {
    let tags = labels.map { tagOfLabel[$0] }
    func begins(_ tag: EntityTag?) -> Bool {
      guard let tag, tag.prefix == .inside || tag.prefix == .end else { return true }
      return scheme == .iob2 && ids[EntityTag(.begin, tag.type)] == nil
    }
    /// Whether an entity may end with the tag.
    func ends(_ tag: EntityTag?) -> Bool {
      guard let tag, scheme != .iob2 else { return true }
      return tag.prefix == .end || tag.prefix == .single
    }
    func continues(_ tag: EntityTag?, _ next: EntityTag?) -> Bool {
      guard let tag, let next, tag.type == next.type else { return false }
      return [.begin, .inside].contains(tag.prefix) && [.inside, .end].contains(next.prefix)
    }
    return LegalSteps(
      start: tags.map(begins), end: tags.map(ends),
      transitions: tags.map { tag in tags.map { continues(tag, $0) || ends(tag) && begins($0) } })
  }

  /// The entities of predicted labels by the rules of their scheme. Labels that cannot begin an entity have no rules.
  func strictSpans(_ predicted: [String]) -> [Span] {
    let haveRules = types.allSatisfy { ids[EntityTag(.begin, $0)] != nil || ids[EntityTag(.single, $0)] != nil }
    return haveRules ? strictEntities(predicted, scheme) : TagScheme.iob2.spans(iob2(predicted)).spans
  }

  /// Entity types.
  var types: Set<String> { Set(ids.keys.map(\.type)) }
}

extension EntityLabels {
  /// B and I, or also E and S, or L and U: tags of one type without a name.
  private static func areBareTags(_ labels: [String]) -> Bool {
    let letters = labels.filter { $0 != "O" }
    return letters.contains { $0 == "B" || $0 == "I" } && letters.allSatisfy { "BIESLU".contains($0) && $0.count == 1 }
  }

  /// The labels whose meaning is not clear: transformers' placeholders (LABEL_0), empty names and types, and several prefixes or suffixes of one
  /// type that are not those of a tag scheme, as in B_Drug and I_Drug, b-Drug, M-Drug, or Drug-B and Drug-I.
  private static func unreadable(_ labels: [String]) -> [String] {
    let named = labels.filter { $0 != "O" }
    if !labels.isEmpty, labels.allSatisfy({ $0.hasPrefix("LABEL_") && Int($0.dropFirst(6)) != nil }) { return labels }
    let withoutType = labels.filter { $0.isEmpty || "BIESLU".contains($0.prefix(1)) && $0.dropFirst() == "-" }
    if !withoutType.isEmpty { return withoutType.map { $0.isEmpty ? "\"\"" : $0 } }
    var counts: [String: Int] = [:]
    for label in named { for type in possibleTypes(label) { counts[type, default: 0] += 1 } }
    return named.filter { label in
      EntityTag(label) == nil && possibleTypes(label).contains { counts[$0, default: 0] > 1 }
    }
  }

  /// What is left of a label without a letter and a separator at either end.
  private static func possibleTypes(_ label: String) -> [String] {
    let separators = "-_", letters = Array(label)
    guard letters.count > 2 else { return [] }
    var types: [String] = []
    if letters[0].isLetter, separators.contains(letters[1]) { types.append(String(letters[2...])) }
    if let last = letters.last, last.isLetter, separators.contains(letters[letters.count - 2]) {
      types.append(String(letters.dropLast(2)))
    }
    return types
  }
}
