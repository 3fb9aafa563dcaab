/// Shows the progress of several runs on the terminal.
import Recipes
import Reporting
import Runs

final class GridConsole {
  private let grid: RunGrid
  /// The runs that will be executed, if not all of the grid are, and how many have begun.
  private let expected: Int?
  private var begun = 0
  private var console = Console(interval: 1)

  init(_ grid: RunGrid, expected: Int? = nil) { (self.grid, self.expected) = (grid, expected) }

  func report(_ event: GridEvent) {
    switch event {
    case .skipped(let index): note("\(title(of: index)): already finished")
    case .began(let index):
      note(title(of: index))
      console = Console(interval: grid.cells[index].recipe.training.loggingSteps)
    case .waiting(let runs):
      note("waiting for other processes, which have the last \(runs == 1 ? "run" : "\(runs) runs")")
    case .note(let text): console.print(text)
    case .training(let event): console.report(event)
    }
  }

  private func title(of index: Int) -> String {
    guard let expected else { return grid.title(of: index) }
    begun += 1
    return "[\(begun)/\(expected)] \(grid.cells[index].name)"
  }
}

extension RunGrid {
  /// `[2/6] rank=8,seed=1`.
  func title(of index: Int) -> String { "[\(index + 1)/\(cells.count)] \(cells[index].name)" }
}
