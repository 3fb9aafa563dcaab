/// Finds the candidate that is nearest to a misspelled word.
/// - Returns: nil when nothing is within a third of the word's length (at least 2) by edit distance.
package func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
  let limit = max(2, word.count / 3)
  let best = candidates.map { ($0, editDistance(word, $0)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
  return best.flatMap { $0.1 <= limit ? $0.0 : nil }
}

/// Levenshtein distance over characters, with a swap of two adjacent ones as one edit (Damerau 1964).
func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a), b = Array(b)
  var secondLastRow = [Int](), lastRow = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(lastRow[j] + (a[i] == b[j] ? 0 : 1), lastRow[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, secondLastRow[j - 1] + 1) }
      row.append(cost)
    }
    (secondLastRow, lastRow) = (lastRow, row)
  }
  return lastRow[b.count]
}
