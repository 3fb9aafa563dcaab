/// Converts the tags of one sentence to spans, one tag after the other.

/// The parser's state between tags.
struct SpanReader {
  let scheme: TagScheme
  private(set) var parsed = ParsedSpans()
  /// The current entity.
  private var open: (type: String, start: Int)?
  /// Type of the previous word's entity, for IOB1's B-.
  private var previous: String?

  init(scheme: TagScheme) { self.scheme = scheme }

  private var marksEnds: Bool { scheme == .iobes || scheme == .bilou }

  mutating func read(_ text: String, at index: Int) {
    guard let tag = scheme.parse(text) else {
      if text != "O" { parsed.invalid.append(index) }
      close(at: index, early: true)
      previous = nil
      return
    }
    if !isAllowed(tag) { parsed.invalid.append(index) }
    let continues = (tag.prefix == .inside || tag.prefix == .end) && open?.type == tag.type
    if !continues {
      close(at: index, early: true)
      open = (tag.type, index)
    }
    if tag.prefix == .end || tag.prefix == .single { close(at: index + 1, early: false) }
    previous = tag.type
  }

  /// Ends the current entity before `index`. In a scheme that marks ends, an end without an end tag is invalid.
  mutating func close(at index: Int, early: Bool) {
    guard let entity = open else { return }
    parsed.spans.append(Span(entity.type, entity.start, index))
    if early && marksEnds { parsed.invalid.append(index) }
    open = nil
  }

  /// Whether the tag is valid here; `close` counts missing end tags.
  private func isAllowed(_ tag: EntityTag) -> Bool {
    switch (scheme, tag.prefix) {
    case (.io, _), (.iob1, .inside), (.iob2, .begin), (.iobes, .begin), (.bilou, .begin), (.iobes, .single),
      (.bilou, .single):
      true
    case (.iob1, .begin): previous == tag.type
    case (.iob2, .inside), (.iobes, .inside), (.bilou, .inside), (.iobes, .end), (.bilou, .end): open?.type == tag.type
    default: false
    }
  }
}
