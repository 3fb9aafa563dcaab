/// One example of a dataset as its file has it: texts or words, with labels. Does not hold tokens or label numbers.

/// A record is a text, a pair of texts, a question with its context, or a sentence of words that the file gives separately.
///
/// Offsets of anything that points into `texts` count Unicode code points, from 0.
///
///     Record(id: "7", texts: ["Aspirin helps."], labels: ["positive"])
///     Record(id: "1", words: ["Aspirin", "helps"], tags: ["B-Drug", "O"])
package struct Record: Sendable, Equatable {
  /// Unique in its file.
  package var id: String
  /// One text, or two for a pair; a question and its context, or contexts; empty if the file has words.
  package var texts: [String]
  package var words: [String]
  /// One per word; empty if the words are unlabeled.
  package var tags: [String]
  /// The labels of the whole record; empty if it is unlabeled, or if none of a set applies.
  package var labels: [String]
  /// The number that the record is labeled with; nil: it has none.
  package var value: Double?
  /// The entities of the text whose relation is asked for; nil: it is not known where they are.
  package var entities: EntityPair?
  /// The answers to a question, in its contexts: any of them is right; empty: it has none there; nil: they are not known.
  package var answers: [Answer]?
  /// The answers to a question of BioASQ as strings; nil: it is of another kind.
  package var exactAnswer: ExactAnswer?
  /// nil if the record was not read from a file.
  package var source: SourceLocation?

  package init(
    id: String, texts: [String] = [], words: [String] = [], tags: [String] = [], labels: [String] = [],
    value: Double? = nil, entities: EntityPair? = nil, answers: [Answer]? = nil, exactAnswer: ExactAnswer? = nil,
    source: SourceLocation? = nil
  ) {
    self.id = id
    self.texts = texts
    self.words = words
    self.tags = tags
    self.labels = labels
    self.value = value
    self.entities = entities
    self.answers = answers
    self.exactAnswer = exactAnswer
    self.source = source
  }

  /// Compares everything but the sources.
  package static func == (a: Self, b: Self) -> Bool {
    a.id == b.id && a.texts == b.texts && a.words == b.words && a.tags == b.tags && a.labels == b.labels
      && a.value == b.value && a.entities == b.entities && a.answers == b.answers && a.exactAnswer == b.exactAnswer
  }
}

extension Record {
  /// A hash of its words or texts, byte by byte, for comparison with others of this process; labels do not matter.
  package var textHash: UInt64 {
    var hasher = Hasher()
    for var text in words + texts {
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
      hasher.combine(UInt8.max)
    }
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}

extension Record {
  /// The number of its words; in texts they are between white space.
  package var wordCount: Int { words.isEmpty ? texts.reduce(0) { $0 + Datasets.wordCount($1) } : words.count }
}

extension Record {
  /// "train.tsv:15": where a word is in a file with a line for each.
  package func place(ofWord index: Int) -> String {
    guard let source else { return "record \(id)" }
    return source.line.map { "\(source.file):\($0 + index)" } ?? source.description
  }
}

/// Words between white space.
package func wordCount(_ text: String) -> Int {
  text.unicodeScalars.split(whereSeparator: \.properties.isWhitespace).count
}

/// An answer to a question: a part of a context.
package struct Answer: Sendable, Equatable {
  package let text: String
  /// Which of the question's contexts has it.
  package let context: Int
  /// Its first code point in the context.
  package let start: Int
  /// The code point after its last one.
  package var end: Int { start + text.unicodeScalars.count }
  /// Where the file says that it starts, if it does not stand there.
  package let statedStart: Int?

  package init(_ text: String, context: Int = 0, start: Int, statedStart: Int? = nil) {
    (self.text, self.context, self.start, self.statedStart) = (text, context, start, statedStart)
  }
}

/// The answer to a question of BioASQ, which no place in a text is given for.
package struct ExactAnswer: Sendable, Equatable {
  /// `factoid`: one answer; `list`: all that there are.
  package enum Kind: String, Sendable, CaseIterable { case factoid, list }

  package let kind: Kind
  /// The answers, each with its synonyms; nil: they are not known.
  package let answers: [[String]]?

  package init(_ kind: Kind, _ answers: [[String]]?) { (self.kind, self.answers) = (kind, answers) }
}

extension Record {
  /// The file and position of a record; both numbers count from 1.
  package struct SourceLocation: Sendable, Equatable, CustomStringConvertible {
    package let file: String
    /// The line on which the record begins; nil: unknown.
    package let line: Int?
    /// The number of the record in the file.
    package let record: Int
    /// What the record is a part of, unique over all files, for statistics; nil: it is not known.
    package let document: String?

    package init(file: String, line: Int?, record: Int, document: String? = nil) {
      self.file = file
      self.line = line
      self.record = record
      self.document = document
    }

    /// "train.txt:13", or as `description` without a line.
    package var place: String { line.map { "\(file):\($0)" } ?? description }

    /// "train.txt, record 12 (line 13)"
    package var description: String { description(of: "record") }

    /// "train.txt, sentence 12 (line 13)" for the noun "sentence".
    package func description(of noun: String) -> String {
      "\(file), \(noun) \(record)" + (line.map { " (line \($0))" } ?? "")
    }
  }
}
