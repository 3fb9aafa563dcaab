/// Estimates the memory, time and disk space of a grid from a few steps of each configuration. Writes no file.
package import Files
import Kernels
package import Recipes

package struct GridEstimate: Sendable {
  /// All runs that differ only in their seed; one of them is measured.
  package struct Configuration: Sendable {
    package let cell: GridCell
    package let runs: Int
    package let estimate: ResourceEstimate

    package var settings: [String: JSON] { cell.configuration }
  }

  package let configurations: [Configuration]

  package var runs: Int { configurations.reduce(0) { $0 + $1.runs } }
  /// The runs follow each other: of memory the largest counts, of time the sum.
  package var peakMemory: Int { configurations.map(\.estimate.peakMemory).max() ?? 0 }
  package var seconds: Double { configurations.reduce(0) { $0 + Double($1.runs) * $1.estimate.seconds } }
  /// All results, and the snapshots of one run: they are deleted when it ends.
  package var disk: Int {
    configurations.reduce(0) { $0 + $1.runs * $1.estimate.checkpoint }
      + (configurations.map { $0.estimate.disk - $0.estimate.checkpoint }.max() ?? 0)
  }
  package var free: Int? { configurations.first?.estimate.free }

  package var json: JSON {
    [
      "runs": .int(runs), "seconds": .double(seconds), "peak_memory_bytes": .int(peakMemory),
      "disk_bytes": .int(disk), "free_disk_bytes": free.map(JSON.int) ?? .null,
      "configurations": .array(
        configurations.map { ["settings": .object($0.settings), "runs": .int($0.runs), "each": $0.estimate.json] }),
    ]
  }
}

extension RunGrid {
  /// - Parameter report: called with the index of each cell before it is measured.
  /// - Throws: `GridFault` with all errors.
  package func estimateResources(threads: Int, report: (Int) -> Void) throws -> GridEstimate {
    let groups = Dictionary(grouping: cells.indices) { cells[$0].configuration.mapValues { $0.text(pretty: false) } }
    var configurations: [GridEstimate.Configuration] = [], errors: [(run: String, error: String)] = []
    for group in groups.values.sorted(by: { $0[0] < $1[0] }) {
      let cell = cells[group[0]]
      report(group[0])
      Processor.resetPeakMemory()
      do {
        let run = try RunBuilder(cell.recipe.withoutCache, threads: threads).build()
        configurations.append(.init(cell: cell, runs: group.count, estimate: try run.estimateResources()))
      } catch {
        errors.append((cell.name, "\(error)"))
      }
    }
    if !errors.isEmpty { throw GridFault(errors) }
    return GridEstimate(configurations: configurations)
  }
}
