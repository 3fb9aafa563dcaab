/// Rows of the word embeddings that an adapter has its own of, as PEFT's `TrainableTokensLayer`.
package import Autograd

/// Sendable: its properties never change; `rows` is written only between training steps.
package final class TokenRows: Sendable {
  /// The tokens' ids.
  package let ids: [Int32]
  /// [ids.count, d]; row k stands for row `ids[k]` of the word embeddings.
  package let rows: Parameter
  /// The row of each id; of an id that is listed twice the last one counts, as in PEFT.
  private let positions: [Int32: Int32]

  /// Rows that are copies of the model's.
  /// - Parameter name: of the parameter, after the module's name.
  package init(_ ids: [Int32], of model: TextModel, name: String) {
    let embeddings = model.wordEmbeddings
    precondition(ids.allSatisfy { (0..<embeddings.rows).contains(Int($0)) }, "rows of tokens beyond the vocabulary")
    let rows = Parameter("\(moduleName(of: embeddings.name)).\(name)", shape: [ids.count, embeddings.columns])
    for (k, id) in ids.enumerated() { embeddings.copyRow(Int(id), to: rows.pointer + k * embeddings.columns) }
    // A tied decoder has a gradient of its own for them.
    if model.headType.isTied { rows.gradientWrites = 2 }
    self.rows = rows
    self.ids = ids
    positions = Dictionary(zip(ids, Int32(0)...)) { $1 }
  }

  /// The row of each of `ids`; -1 for tokens that have none.
  func indices(of ids: [Int32]) -> [Int32] { ids.map { positions[$0] ?? -1 } }

  /// A Float32 copy of the word embeddings with these rows in it.
  package func written(into embeddings: Parameter) -> Parameter {
    let copy = embeddings.copy(), d = copy.columns
    for (k, id) in ids.enumerated() { (copy.pointer + Int(id) * d).update(from: rows.pointer + k * d, count: d) }
    return copy
  }
}
