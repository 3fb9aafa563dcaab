/// The argument of a pass that says which adapters it uses, and for which rows of the batch.
package import Autograd

/// ```swift
/// model(batch, adapters: RowAdapters(adapter.set), pass)
/// // Sequences 0 and 1 with one LoRA, sequence 2 with another; then each adapter's head on its own sequences.
/// let rows = RowAdapters([(0..<40, a.set), (40..<64, b.set)])
/// let encoded = model.encode(batch, adapters: rows, pass)
/// let logits = a.model.logits(encoded.sequences(0..<2, pass), adapters: RowAdapters(a.set), pass)
/// ```
package struct RowAdapters: Sendable {
  /// A set, and the rows that it is for.
  struct Part: Sendable {
    /// nil: all rows.
    var rows: Range<Int>?
    let set: AdapterSet
    var firstRow: Int { rows?.lowerBound ?? 0 }
  }

  /// In the order of their rows.
  private(set) var parts: [Part]

  /// The base model.
  package static let none = RowAdapters(nil)

  /// One adapter for all rows; nil: the base model.
  package init(_ set: AdapterSet?) { parts = set.map { [Part(rows: nil, set: $0)] } ?? [] }

  /// Several adapters of one base model, each for some rows of the batch; the other rows get the base's results. Only
  /// for passes without gradients, and for sets that `canBeMixed`.
  /// - Parameter parts: must not overlap. The rows of each are those of whole sequences.
  package init(_ parts: [(rows: Range<Int>, set: AdapterSet)]) {
    precondition(parts.allSatisfy(\.set.canBeMixed), "an adapter with its own matrices needs a pass of its own")
    let sorted = parts.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
    precondition(
      zip(sorted, sorted.dropFirst()).allSatisfy { $0.rows.upperBound <= $1.rows.lowerBound },
      "two adapters for the same rows")
    self.parts = sorted.map { Part(rows: $0.rows, set: $0.set) }
  }

  var isEmpty: Bool { parts.isEmpty }

  /// Whether all rows use the same adapter, or none.
  var haveOneSet: Bool { parts.allSatisfy { $0.rows == nil } }

  func belong(to model: TextModel) -> Bool { parts.allSatisfy { $0.set.base === model } }

  /// Whether all sets were made for the encoder of `model`, with any head.
  func belong(toEncoderOf model: TextModel) -> Bool {
    parts.allSatisfy { $0.set.base === model || !haveOneSet && $0.set.base.encoder.hasBlocks(of: model.encoder) }
  }

  /// The set that all rows use; nil: none, or rows use several.
  package var single: AdapterSet? { parts.count == 1 && haveOneSet ? parts[0].set : nil }

  /// The number of the set that all rows use; nil: none.
  var identity: Int? { single?.number }

  /// The parameter that stands for a parameter of the base in this pass; itself without an adapter's copy.
  package subscript(parameter: Parameter) -> Parameter { single?[parameter] ?? parameter }

  /// The output layers in place of the model's; nil: the model's.
  var head: OutputLayers? { single?.head }

  func weights(of projection: Projection) -> LinearWeights {
    LinearWeights(weight: self[projection.weight], bias: projection.bias.map { self[$0] })
  }

  /// The adapters of a projection, with their rows.
  func of(_ projection: Projection) -> [AdaptedRows] {
    parts.compactMap { part in
      let adapter = part.set.adapter(of: projection)
      // `weights` has a set's bias only if all rows use the set.
      if part.rows != nil, let bias = projection.bias, case let own = part.set[bias], own !== bias {
        return AdaptedRows(RowBias(own, adapter), rows: part.rows)
      }
      return adapter.map { AdaptedRows($0, rows: part.rows) }
    }
  }

  func residual(at slot: BlockSlot) -> (any ResidualAdapter)? { single?.residual(at: slot) }

  var tokenRows: TokenRows? { single?.tokenRows }

  /// The word embeddings, which a set may have more rows of than the base, or its own.
  func wordEmbeddings(_ base: Parameter) -> Parameter { single.map { $0[$0.base.wordEmbeddings] } ?? base }

  /// The parts at the rows that they have in a batch with virtual tokens.
  func moved(_ row: (Int) -> Int) -> RowAdapters {
    var copy = self
    copy.parts = parts.map { part in
      Part(rows: part.rows.map { row($0.lowerBound)..<row($0.upperBound) }, set: part.set)
    }
    return copy
  }
}

extension RowAdapters {
  /// An op that computes every row from the same row of its input, or every sequence from the same sequence: the rows of
  /// each set that `changes` it by themselves, the others together.
  /// - Parameters:
  ///   - count: of all rows.
  ///   - op: for some rows, which use one set or none.
  func compute(
    _ count: Int, changes: (Part) -> Bool, _ pass: Pass, _ op: (_ rows: Range<Int>, _ adapters: RowAdapters) -> Tensor
  ) -> Tensor {
    if haveOneSet { return op(0..<count, self) }
    var results: [Tensor] = [], next = 0
    for part in parts where changes(part) {
      let rows = part.rows ?? 0..<count
      if next < rows.lowerBound { results.append(op(next..<rows.lowerBound, .none)) }
      results.append(op(rows, RowAdapters(part.set)))
      next = rows.upperBound
    }
    if next < count { results.append(op(next..<count, .none)) }
    return concatenate(results, pass)
  }
}
