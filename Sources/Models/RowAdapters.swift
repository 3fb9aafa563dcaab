/// The argument of a pass that says which adapters it uses, and for which rows of the batch.
public import Autograd

/// ```swift
/// model(batch, adapters: RowAdapters(adapter.set), pass)
/// // Rows 0..<40 with one LoRA, rows 40..<64 with another; each adapter's head then reads its own rows.
/// let encoded = model.encode(batch, adapters: RowAdapters([(0..<40, a.set), (40..<64, b.set)]), pass)
/// let logits = model.logits(encoded, adapters: RowAdapters(a.set), rows: Array(0..<40), pass)
/// ```
public struct RowAdapters: Sendable {
  /// nil: all rows.
  private let parts: [(rows: Range<Int>?, set: AdapterSet)]

  /// The base model.
  public static let none = RowAdapters(nil)

  /// One adapter for all rows; nil: the base model.
  public init(_ set: AdapterSet?) { parts = set.map { [(nil, $0)] } ?? [] }

  /// Several adapters of one base model, each for some rows of the batch; the other rows get the base's results. Only
  /// for passes without gradients, and for sets of projection adapters: what else a set holds, except its head, would
  /// change all rows.
  /// - Parameter parts: must not overlap.
  public init(_ parts: [(rows: Range<Int>, set: AdapterSet)]) {
    precondition(parts.allSatisfy(\.set.adaptsOnlyProjections), "only projection adapters can be used for some rows")
    let sorted = parts.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
    precondition(
      zip(sorted, sorted.dropFirst()).allSatisfy { $0.rows.upperBound <= $1.rows.lowerBound },
      "two adapters for the same rows")
    self.parts = parts.map { ($0.rows, $0.set) }
  }

  var isEmpty: Bool { parts.isEmpty }

  /// Whether all rows use the same adapter, or none.
  var haveOneSet: Bool { parts.allSatisfy { $0.rows == nil } }

  func belong(to model: AnyObject) -> Bool { parts.allSatisfy { $0.set.base === model } }

  /// The set of all rows.
  private var single: AdapterSet? { parts.count == 1 && haveOneSet ? parts[0].set : nil }

  /// The number of the set that all rows use; nil: none.
  var identity: Int? { single?.number }

  /// The parameter that stands for a parameter of the base in this pass; itself without an adapter's copy.
  public subscript(parameter: Parameter) -> Parameter { single?[parameter] ?? parameter }

  /// The output layers in place of the model's; nil: the model's.
  var head: OutputLayers? { single?.head }

  func weights(of projection: Projection) -> LinearWeights {
    LinearWeights(weight: self[projection.weight], bias: projection.bias.map { self[$0] })
  }

  /// The adapters of a projection, with their rows.
  func of(_ projection: Projection) -> [AdaptedRows] {
    parts.compactMap { part in part.set.adapter(of: projection).map { AdaptedRows($0, rows: part.rows) } }
  }

  func residual(at slot: BlockSlot) -> (any ResidualAdapter)? { single?.residual(at: slot) }

  var virtualTokens: (any VirtualTokens)? { single?.virtualTokens }

  var tokenRows: TokenRows? { single?.tokenRows }
}
