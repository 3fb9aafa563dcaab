/// Which configuration of a grid is the best on dev, and whether the seeds show it.
package import Tasks

extension GridSummary {
  /// What the scores on dev say about the configuration with the best mean.
  package enum Selection: Sendable, Equatable {
    /// Every run of it is better than every run of the other configurations; all of them have two or more.
    case best
    /// Some configuration has only one run, so nothing shows how much a seed changes.
    case oneSeed(Metric)
    /// The scores of its seeds overlap with those of another configuration.
    case overlap(Metric)

    /// "best", "highest (one seed)", "lowest (seeds overlap)".
    package var text: String {
      switch self {
      case .best: "best"
      case .oneSeed(let metric): "\(metric.extreme) (one seed)"
      case .overlap(let metric): "\(metric.extreme) (seeds overlap)"
      }
    }
  }

  /// Marks the configurations with the best mean on dev. None is marked where fewer than two have a score, or where scores
  /// of different metrics would be compared.
  static func select(_ configurations: inout [Configuration]) {
    let scored = configurations.indices.filter { configurations[$0].dev != nil }
    let scores = scored.compactMap { configurations[$0].dev }
    let metrics = Set(scored.compactMap { configurations[$0].metric })
    guard scores.count > 1, metrics.count == 1, let metric = metrics.first,
      let best = scores.max(by: { metric.isBetter($1.mean, than: $0.mean) })
    else { return }
    let others = scores.filter { $0.mean != best.mean }
    let isApart =
      others.count == scores.count - 1
      && others.allSatisfy { metric.isBetter(best.worst(metric), than: $0.best(metric)) }
    let selection: Selection = scores.contains { $0.count < 2 } ? .oneSeed(metric) : isApart ? .best : .overlap(metric)
    for index in scored where configurations[index].dev?.mean == best.mean {
      configurations[index].selection = selection
    }
  }
}

extension GridSummary.Score {
  fileprivate func best(_ metric: Metric) -> Double { metric.higherIsBetter ? maximum : minimum }
  fileprivate func worst(_ metric: Metric) -> Double { metric.higherIsBetter ? minimum : maximum }
}

extension Metric {
  fileprivate var extreme: String { higherIsBetter ? "highest" : "lowest" }
}
