/// Turns a frame into tagged words.
///
/// A frame is text with slots in braces and alternatives `<one|two|>`; an empty alternative leaves the words out.
/// `{R}` a drug, `{D}` a disease, `{A}` an adverse event, `{Q}` a dose. With a digit (`{R1}`) the same name, or the
/// abbreviation that it was introduced with, returns each time. `{D*}` is a list with "and", `{D/}` one with "or".
/// Slots with longer names are no entities; `Fillers` fills them.
import Hashing

struct SentenceMaker {
  var rng: SplitMix64
  let names: NamePool
  private var remembered: [String: Name] = [:]
  private var words: [String] = []
  private var tags: [String] = []

  init(seed: UInt64, names: NamePool) {
    rng = SplitMix64(seed: seed)
    self.names = names
  }

  mutating func sentence(from frame: String) -> TaggedWords {
    (remembered, words, tags) = ([:], [], [])
    for piece in chosen(frame).split(separator: " ") {
      if piece.hasPrefix("{"), piece.hasSuffix("}") { fill(String(piece.dropFirst().dropLast())) } else { add(piece) }
    }
    return restyled(TaggedWords(words: words, tags: tags))
  }

  /// The frame with one of each set of alternatives.
  private mutating func chosen(_ frame: String) -> String {
    var out = ""
    for (index, part) in frame.split(separator: "<", omittingEmptySubsequences: false).enumerated() {
      guard index > 0, let end = part.firstIndex(of: ">") else {
        out += part
        continue
      }
      out += rng.pick(part[..<end].split(separator: "|", omittingEmptySubsequences: false))
      out += part[part.index(after: end)...]
    }
    return out
  }

  private mutating func add(_ text: some StringProtocol, type: String? = nil) {
    for (index, word) in tokens(text).enumerated() {
      words.append(word)
      tags.append(type.map { (index == 0 ? "B-" : "I-") + $0 } ?? "O")
    }
  }

  private mutating func fill(_ slot: String) {
    guard let kind = slot.first, "RDAQ".contains(kind), slot.count <= 2 else {
      return add(Fillers.text(for: slot, names, &rng))
    }
    guard kind != "Q" else { return add(Fillers.dose(&rng), type: "Dose") }
    switch slot.last {
    case "*": list(kind, joint: "and")
    case "/": list(kind, joint: "or")
    default: mention(kind, slot: slot)
    }
  }

  /// Two to four names: "a, b and c", sometimes with a comma before the joint.
  private mutating func list(_ kind: Character, joint: String) {
    let count = rng.pick([2, 2, 2, 3, 3, 4])
    let serial = rng.isTrue(percent: 30)
    for index in 0..<count {
      if index > 0 { add(index < count - 1 ? "," : count > 2 && serial ? ", \(joint)" : joint) }
      mention(kind, slot: "")
    }
  }

  private mutating func mention(_ kind: Character, slot: String) {
    let type = kind == "R" ? "Drug" : kind == "D" ? "Disease" : "AdverseEvent"
    if let name = remembered[slot] { return add(name.text, type: type) }
    let name = drawn(kind)
    add(kind == "R" && rng.isTrue(percent: 20) ? capitalised(name.text) : name.text, type: type)
    var next = Name(name.text)
    if let short = name.abbreviation, rng.isTrue(percent: slot.count == 2 ? 60 : 15) {
      add("(")
      add(short, type: type)
      add(")")
      next = Name(short)
    }
    if slot.count == 2 { remembered[slot] = next }
  }

  private mutating func drawn(_ kind: Character) -> Name {
    let draw = rng.below(100)
    switch kind {
    case "R": return rng.pick(names.drugs)
    case "D" where draw < 50: return rng.pick(names.diseases)
    case "D" where draw < 88: return rng.pick(names.conditions)
    case "D": return rng.pick(draw < 97 ? names.reactions : names.complaints)
    case _ where draw < 65: return rng.pick(names.complaints)
    default: return rng.pick(draw < 90 ? names.reactions : names.conditions)
    }
  }

  /// A capital at the start; now and then a title in title case or a heading in capitals.
  private mutating func restyled(_ sentence: TaggedWords) -> TaggedWords {
    var sentence = sentence
    let draw = rng.below(100)
    if draw < 3 {
      sentence.words = sentence.words.map { $0.uppercased() }
      return sentence
    }
    if draw < 7 {
      let small: Set<String> = ["of", "the", "and", "in", "with", "for", "a", "or", "to", "s", "by", "mg", "kg", "ml"]
      sentence.words = sentence.words.map { small.contains($0) ? $0 : capitalised($0) }
    }
    if let first = sentence.words.first { sentence.words[0] = capitalised(first) }
    return sentence
  }
}

/// A sentence of the corpus: words with one IOB2 tag each.
struct TaggedWords: Equatable {
  var words: [String]
  var tags: [String]
}

private func capitalised(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

/// Runs of letters and digits, and every other sign alone, as the PubMed corpora for named entities have them.
func tokens(_ text: some StringProtocol) -> [String] {
  var tokens: [String] = [], run = ""
  for character in text {
    if character.isLetter || character.isNumber {
      run.append(character)
      continue
    }
    if !run.isEmpty { tokens.append(run) }
    run = ""
    if character != " " { tokens.append(String(character)) }
  }
  return run.isEmpty ? tokens : tokens + [run]
}
