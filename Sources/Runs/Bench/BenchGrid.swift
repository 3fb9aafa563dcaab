/// The runs of a benchmark as a grid: first those with the first seed, of all rows, then what was chosen with the other seeds.
import Files
package import Recipes
import Tasks
import Training

extension Bench {
  /// A cell for every run that may be needed: all candidates with all seeds.
  package var grid: RunGrid {
    RunGrid(
      output: output, axes: Row.keys,
      cells: rows.flatMap { row in row.cells.map { row.cell($0) } })
  }

  /// The cells to execute next, given the outcomes of all so far: those with the first seed before those with others, which
  /// depend on them, so that of several processes none waits for a choice while there are other cells.
  package func wanted(_ outcomes: [RunGrid.Outcome?]) -> [Int] {
    var start = 0, firstSeed: [Int] = [], otherSeeds: [Int] = []
    for row in rows {
      let end = start + row.cells.count
      for cell in row.wanted(Array(outcomes[start..<end])) {
        if row.hasFirstSeed(cell) { firstSeed.append(start + cell) } else { otherSeeds.append(start + cell) }
      }
      start = end
    }
    return firstSeed + otherSeeds
  }

  /// Builds one run of each row that has runs left, to find errors before any run begins.
  /// - Parameter steps: those of `grid.plan`.
  /// - Throws: `GridFault` with all errors.
  package func check(_ steps: [RunGrid.Step], threads: Int, until shouldStop: () -> Bool) throws {
    let grid = grid
    let open = wanted(steps.map { if case .skip(let result) = $0 { .finished(result) } else { nil } })
    let first = open.map { grid.cells[$0] }.grouped { cell in Row.keys.map { cell.settings[$0]?.string } }.map { $0[0] }
    try RunGrid(output: output, axes: Row.keys, cells: first).check(threads: threads, until: shouldStop)
  }

  /// The runs that will be executed, as far as that is known before: all that are searched, and the other seeds of the first.
  package var expected: RunGrid {
    RunGrid(
      output: output, axes: Row.keys,
      cells: rows.flatMap { row in
        (row.candidates.map { $0[0] } + row.candidates[0].dropFirst()).map { cell in
          let cell = row.cell(cell), keys = GridCell.repetitions.union(Row.keys)
          return GridCell(
            name: cell.name, settings: cell.settings.filter { keys.contains($0.key) }, recipe: cell.recipe)
        }
      })
  }
}

extension Bench.Row {
  static let keys = ["base", "task", "method"].map { "bench.\($0)" }

  var cells: [GridCell] { candidates.flatMap(\.self) }

  /// - Parameter cell: an index in `cells`.
  func hasFirstSeed(_ cell: Int) -> Bool { cell.isMultiple(of: candidates[0].count) }

  /// A cell of this row in the benchmark's grid.
  func cell(_ cell: GridCell) -> GridCell {
    var recipe = cell.recipe
    recipe.logging.latency = recipe.logging.latency ?? true
    return GridCell(
      name: "\(folder)/\(cell.name)",
      settings: cell.settings.merging(zip(Self.keys, [base, task, method].map { .string($0) })) { $1 }, recipe: recipe)
  }

  /// - Parameter outcomes: of `cells`.
  func wanted(_ outcomes: [RunGrid.Outcome?]) -> [Int] {
    let seeds = candidates[0].count
    if candidates.count > 1 {
      let searched = cells.indices.filter { hasFirstSeed($0) && outcomes[$0] == nil }
      if !searched.isEmpty { return searched }
    }
    guard let chosen = chosen(outcomes) else { return [] }
    return (chosen * seeds..<(chosen + 1) * seeds).filter { outcomes[$0] == nil }
  }

  /// The candidate with the best score on dev with the first seed, the first of equal ones; nil: none has finished, or some
  /// have not been tried yet.
  func chosen(_ outcomes: [RunGrid.Outcome?]) -> Int? {
    if candidates.count == 1 { return 0 }
    let seeds = candidates[0].count
    var best: (candidate: Int, score: Double)?
    for candidate in candidates.indices {
      switch outcomes[candidate * seeds] {
      case nil, .pending: return nil
      case .failed: continue
      case .finished(let result):
        guard let score = devScore(result), score.isFinite else { continue }
        if best.map({ metric.isBetter(score, than: $0.score) }) ?? true { best = (candidate, score) }
      }
    }
    return best?.candidate
  }

  func devScore(_ result: JSON) -> Double? { result["metrics"]?["dev"]?[metric.name]?.number }
}
