/// What a model should output: the targets of a batch.

/// The spans of tokens that a sequence has as its target.
package struct SpanTarget: Sendable, Equatable {
  /// Tokens of the sequence.
  package let length: Int
  /// The first and the last token of each; empty: the sequence has no target.
  package let spans: [ClosedRange<Int32>]

  package init(length: Int, spans: [ClosedRange<Int32>]) { (self.length, self.spans) = (length, spans) }
}

/// Texts that belong together, with one row of vectors each: a pair, or a text with a similar one and different ones.
package struct TextGroup: Sendable, Equatable {
  package let count: Int32
  /// How similar the first two are; nil: it is not known.
  package let score: Float?

  package init(count: Int32, score: Float? = nil) { (self.count, self.score) = (count, score) }
}

package enum Targets: Sendable, Equatable {
  /// A class for each row of logits; negative: the row has no target.
  case classes([Int32])
  /// For each row of logits, 1 for every class that applies and 0 for the others; empty: the row has no target.
  case classSets([[Float]])
  /// A number for each row of logits; NaN: the row has no target.
  case values([Float])
  /// The first and the last token of the answers in each sequence.
  case spans([SpanTarget])
  /// A class for each word of each sequence, one row of logits each; where one is negative, the sequence has no target.
  case tagSequences([[Int32]])
  /// The groups of texts that the rows of vectors belong to.
  case texts([TextGroup])

  /// The number of rows of logits, of sequences, or of groups of texts.
  package var count: Int {
    switch self {
    case .classes(let classes): classes.count
    case .classSets(let sets): sets.count
    case .values(let values): values.count
    case .spans(let spans): spans.count
    case .tagSequences(let sequences): sequences.count
    case .texts(let groups): groups.count
    }
  }

  /// Whether there is one target for each row of logits, so that rows can be selected.
  package var isByRow: Bool {
    switch self {
    case .classes, .classSets, .values: true
    case .spans, .tagSequences, .texts: false
    }
  }

  /// The indices that have a target, increasing.
  package var labeled: [Int] { (0..<count).filter(hasTarget) }

  /// Whether any index has a target.
  package var isLabeled: Bool { (0..<count).contains(where: hasTarget) }

  private func hasTarget(_ index: Int) -> Bool {
    switch self {
    case .classes(let classes): classes[index] >= 0
    case .classSets(let sets): !sets[index].isEmpty
    case .values(let values): !values[index].isNaN
    case .spans(let spans): !spans[index].spans.isEmpty
    case .tagSequences(let sequences): !sequences[index].isEmpty && sequences[index].allSatisfy { $0 >= 0 }
    case .texts: true
    }
  }

  /// The number of rows of logits with a target.
  package var labeledRowCount: Int {
    switch self {
    case .tagSequences(let sequences): labeled.reduce(0) { $0 + sequences[$1].count }
    case .texts(let groups): groups.reduce(0) { $0 + Int($1.count) }
    default: labeled.count
    }
  }

  /// The targets at `indices`, in this order.
  package func selecting(_ indices: [Int]) -> Targets {
    switch self {
    case .classes(let classes): .classes(indices.map { classes[$0] })
    case .classSets(let sets): .classSets(indices.map { sets[$0] })
    case .values(let values): .values(indices.map { values[$0] })
    case .spans(let spans): .spans(indices.map { spans[$0] })
    case .tagSequences(let sequences): .tagSequences(indices.map { sequences[$0] })
    case .texts(let groups): .texts(indices.map { groups[$0] })
    }
  }

  /// Targets for `count` rows: this one's at `rows`, none elsewhere. Only for targets by row.
  package func spread(over count: Int, at rows: [Int32]) -> Targets {
    precondition(isByRow && rows.count == self.count, "\(self.count) targets for \(rows.count) rows")
    func spread<Value>(_ values: [Value], _ none: Value) -> [Value] {
      var all = [Value](repeating: none, count: count)
      for (row, value) in zip(rows, values) { all[Int(row)] = value }
      return all
    }
    return switch self {
    case .classes(let classes): .classes(spread(classes, -1))
    case .classSets(let sets): .classSets(spread(sets, []))
    case .values(let values): .values(spread(values, .nan))
    case .spans, .tagSequences, .texts: self
    }
  }

  /// The targets of several sequences as those of one batch. All must be of the same case.
  package static func joined(_ parts: [Targets]) -> Targets {
    var parts = parts[...]
    guard var joined = parts.popFirst() else { return .classes([]) }
    for part in parts { joined.append(part) }
    return joined
  }

  private mutating func append(_ other: Targets) {
    switch (self, other) {
    case (.classes(let a), .classes(let b)): self = .classes(a + b)
    case (.classSets(let a), .classSets(let b)): self = .classSets(a + b)
    case (.values(let a), .values(let b)): self = .values(a + b)
    case (.spans(let a), .spans(let b)): self = .spans(a + b)
    case (.tagSequences(let a), .tagSequences(let b)): self = .tagSequences(a + b)
    case (.texts(let a), .texts(let b)): self = .texts(a + b)
    default: preconditionFailure("targets of different types in one batch")
    }
  }
}
