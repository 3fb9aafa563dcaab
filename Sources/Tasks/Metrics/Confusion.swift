/// Which labels are taken for which. Counts only; the scores are elsewhere.
import Files

/// `counts[i][j]` gold labels `rows[i]` were predicted as `columns[j]`.
package struct Confusion: Sendable, Equatable {
  package let rows, columns: [String]
  package let counts: [[Int]]

  /// - Parameters:
  ///   - pairs: a gold and a predicted label each; nil: there is none, as for a missed or a spurious entity.
  ///   - labels: those that come first, in their order; others follow by code point.
  ///   - missed, spurious: the names of the last column and the last row, which are there only if they have counts.
  package init(
    _ pairs: [(gold: String?, predicted: String?)], labels: [String] = [], missed: String = "missed",
    spurious: String = "spurious"
  ) {
    let found = Set(pairs.flatMap { [$0.gold, $0.predicted].compactMap { $0 } })
    let names = labels.filter(found.contains) + found.subtracting(labels).sorted(by: precedes)
    rows = names + (pairs.contains { $0.gold == nil } ? [spurious] : [])
    columns = names + (pairs.contains { $0.predicted == nil } ? [missed] : [])
    let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    var counts = [[Int]](repeating: [Int](repeating: 0, count: columns.count), count: rows.count)
    for (gold, predicted) in pairs {
      counts[gold.flatMap { numbers[$0] } ?? names.count][predicted.flatMap { numbers[$0] } ?? names.count] += 1
    }
    self.counts = counts
  }
}
