/// Generates a tagged sentence from a frame.
///
/// A frame is text with slots in braces and alternatives `<one|two|>`; an empty alternative omits the words. `{R}` is a
/// drug, `{D}` a disease, `{A}` an adverse event, `{Q}` a dose. Slots with the same digit (`{R1}`) have the same name,
/// or its abbreviation once that is introduced. `{D*}` is a list with "and", `{D/}` a list with "or".
/// Slots with longer names are not entities; `Fillers` fills them.
import Hashing

struct SentenceMaker {
  var rng: SplitMix64
  let names: NamePool
  /// Names of numbered slots.
  private var namesBySlot: [String: Name] = [:]
  private var words: [String] = []
  private var tags: [String] = []

  init(seed: UInt64, names: NamePool) {
    rng = SplitMix64(seed: seed)
    self.names = names
  }

  mutating func sentence(from frame: String) -> TaggedWords {
    (namesBySlot, words, tags) = ([:], [], [])
    for part in withAlternativesChosen(frame).split(separator: " ") {
      if part.hasPrefix("{"), part.hasSuffix("}") { fill(String(part.dropFirst().dropLast())) } else { add(part) }
    }
    return withLetterCase(TaggedWords(words: words, tags: tags))
  }

  /// Replaces every set of alternatives with one of them.
  private mutating func withAlternativesChosen(_ frame: String) -> String {
    var text = ""
    for (index, part) in frame.split(separator: "<", omittingEmptySubsequences: false).enumerated() {
      guard index > 0, let end = part.firstIndex(of: ">") else {
        text += part
        continue
      }
      text += rng.pick(part[..<end].split(separator: "|", omittingEmptySubsequences: false))
      text += part[part.index(after: end)...]
    }
    return text
  }

  private mutating func add(_ text: some StringProtocol, type: String? = nil) {
    for (index, word) in tokens(text).enumerated() {
      words.append(word)
      tags.append(type.map { (index == 0 ? "B-" : "I-") + $0 } ?? "O")
    }
  }

  private mutating func fill(_ slot: String) {
    guard let letter = slot.first, "RDAQ".contains(letter), slot.count <= 2 else {
      return add(Fillers.text(for: slot, names, &rng))
    }
    guard letter != "Q" else { return add(Fillers.dose(&rng), type: "Dose") }
    switch slot.last {
    case "*": list(letter, conjunction: "and")
    case "/": list(letter, conjunction: "or")
    default: mention(letter, slot: slot)
    }
  }

  /// Two to four names: "a, b and c", sometimes with a comma before the conjunction.
  private mutating func list(_ letter: Character, conjunction: String) {
    let count = rng.pick([2, 2, 2, 3, 3, 4])
    let serial = rng.isTrue(percent: 30)
    for index in 0..<count {
      if index > 0 { add(index < count - 1 ? "," : count > 2 && serial ? ", \(conjunction)" : conjunction) }
      mention(letter, slot: "")
    }
  }

  private mutating func mention(_ letter: Character, slot: String) {
    let type = letter == "R" ? "Drug" : letter == "D" ? "Disease" : "AdverseEvent"
    if let name = namesBySlot[slot] { return add(name.text, type: type) }
    let name = pickName(letter)
    add(letter == "R" && rng.isTrue(percent: 20) ? capitalized(name.text) : name.text, type: type)
    var laterName = Name(name.text)
    if let short = name.abbreviation, rng.isTrue(percent: slot.count == 2 ? 60 : 15) {
      add("(")
      add(short, type: type)
      add(")")
      laterName = Name(short)
    }
    if slot.count == 2 { namesBySlot[slot] = laterName }
  }

  private mutating func pickName(_ letter: Character) -> Name {
    let draw = rng.below(100)
    switch letter {
    case "R": return rng.pick(names.drugs)
    case "D" where draw < 50: return rng.pick(names.diseases)
    case "D" where draw < 88: return rng.pick(names.conditions)
    case "D": return rng.pick(draw < 97 ? names.reactions : names.complaints)
    case _ where draw < 65: return rng.pick(names.complaints)
    default: return rng.pick(draw < 90 ? names.reactions : names.conditions)
    }
  }

  /// Capitalizes the first word; sometimes uses title case or upper case for the whole sentence.
  private mutating func withLetterCase(_ sentence: TaggedWords) -> TaggedWords {
    var sentence = sentence
    let draw = rng.below(100)
    if draw < 3 {
      sentence.words = sentence.words.map { $0.uppercased() }
      return sentence
    }
    if draw < 7 {
      let small: Set<String> = ["of", "the", "and", "in", "with", "for", "a", "or", "to", "s", "by", "mg", "kg", "ml"]
      sentence.words = sentence.words.map { small.contains($0) ? $0 : capitalized($0) }
    }
    if let first = sentence.words.first { sentence.words[0] = capitalized(first) }
    return sentence
  }
}

/// A sentence of the corpus: words with one IOB2 tag each.
struct TaggedWords: Equatable {
  var words: [String]
  var tags: [String]
}

private func capitalized(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

/// Splits text into runs of letters and digits, and other single characters, as in PubMed corpora for named entities.
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
