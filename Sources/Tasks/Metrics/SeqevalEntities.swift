/// Extracts entities from tag sequences as seqeval 1.2.2's `get_entities` does, also from malformed ones. For scoring
/// only; `TagScheme` reads corpora.
import Datasets

/// All entities of a corpus. Positions count through the whole corpus, with one O after each sentence.
func seqevalEntities(_ sentences: [[String]]) -> Set<Span> {
  var entities: Set<Span> = []
  var previous = SeqevalTag(letter: "O", type: "")
  var begin = 0, index = 0
  for sentence in sentences {
    for text in sentence + ["O"] {
      let tag = SeqevalTag(text)
      if ends(previous, tag) { entities.insert(Span(previous.type, begin, index)) }
      if starts(previous, tag) { begin = index }
      previous = tag
      index += 1
    }
  }
  return entities
}

/// A tag split as seqeval splits it: the first character, and as type the text after the next hyphen, or all the rest
/// without a hyphen, or "_" if that is empty.
private struct SeqevalTag {
  let letter: Unicode.Scalar
  let type: String

  init(letter: Unicode.Scalar, type: String) {
    self.letter = letter
    self.type = type
  }

  init(_ text: String) {
    let scalars = text.unicodeScalars
    // seqeval fails on an empty tag; here it is O.
    letter = scalars.first ?? "O"
    let rest = scalars.dropFirst()
    let type = rest.firstIndex(of: "-").map { rest[rest.index(after: $0)...] } ?? rest
    self.type = type.isEmpty ? "_" : String(type)
  }

  var isInside: Bool { letter != "O" && letter != "." }
}

/// seqeval's `end_of_chunk`.
private func ends(_ previous: SeqevalTag, _ current: SeqevalTag) -> Bool {
  switch (previous.letter, current.letter) {
  case ("E", _), ("S", _), ("B", "B"), ("B", "S"), ("B", "O"), ("I", "B"), ("I", "S"), ("I", "O"): true
  default: previous.isInside && previous.type != current.type
  }
}

/// seqeval's `start_of_chunk`.
private func starts(_ previous: SeqevalTag, _ current: SeqevalTag) -> Bool {
  switch (previous.letter, current.letter) {
  case (_, "B"), (_, "S"), ("E", "E"), ("E", "I"), ("S", "E"), ("S", "I"), ("O", "E"), ("O", "I"): true
  default: current.isInside && previous.type != current.type
  }
}
