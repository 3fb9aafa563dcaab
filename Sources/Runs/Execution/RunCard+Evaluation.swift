/// What a model card says about how far the model can be trusted: intervals, calibration, weak slices, and where it comes from.
import Files
import ModelHub
import Recipes
import Tasks

extension Run {
  /// " [77.02, 81.30]"; empty without an interval.
  func intervalText(_ result: JSON, _ split: String, _ metric: Metric) -> String {
    brackets(result.interval(metric.name, ofTask: name, split), of: metric)
  }

  /// How the intervals were made; nil: the card shows none.
  func intervalSection(_ result: JSON, _ last: LastEvaluation?) -> (title: String, text: String)? {
    let ofScores = ["dev", "test"].flatMap { split in headlineMetrics.map { intervalText(result, split, $0) } }
    guard (ofScores + weakest(last).map(intervalText)).contains(where: { !$0.isEmpty }),
      let intervals = result["intervals"], let resamples = intervals["resamples"]?.int
    else { return nil }
    let units = ["dev", "test"].compactMap { split -> String? in
      let own = intervals[split]?.ofTask(name)
      guard let count = own?["units"]?.int, let unit = own?["unit"]?.string else { return nil }
      return "\(count) \(unit)s of \(split)"
    }
    if units.isEmpty { return nil }
    return (
      "Intervals",
      "In brackets are 95 % bootstrap intervals: \(resamples) resamples of the \(units.joined(separator: " and of the ")), seed "
        + "\(recipe.seed). They say how much a score would vary with other data, not with another seed of the training."
    )
  }

  /// Empty also for an interval without width, of scores that no resample changes: it would look exact.
  private func brackets(_ interval: ClosedRange<Double>?, of metric: Metric) -> String {
    guard let interval, interval.lowerBound < interval.upperBound else { return "" }
    return " [\(text(interval.lowerBound, of: metric)), \(text(interval.upperBound, of: metric))]"
  }

  private func own(_ last: LastEvaluation?) -> ReportedPart? { last?.parts.first { $0.name == name } }

  func calibrationRows(_ last: LastEvaluation?) -> [(name: String, value: String)] {
    guard let last, let calibration = own(last)?.predictions.calibration else { return [] }
    let temperature = (setup.inference as? any RecordInference)?.temperature.map { ", temperature \(fixed($0, 3))" }
    return [
      (
        "calibration",
        "expected calibration error \(fixed(calibration.error, 4)) on \(last.split.rawValue), in 15 bins of equal width"
          + (temperature ?? "")
      )
    ]
  }

  /// The slices that the card shows.
  private func weakest(_ last: LastEvaluation?) -> ArraySlice<WeakSlice> { own(last)?.slices.weakest().prefix(5) ?? [] }

  private func intervalText(_ weak: WeakSlice) -> String {
    brackets(weak.slice.intervals[weak.metric.name], of: weak.metric)
  }

  /// Where the model is weakest; nil: there are no slices.
  func weakSection(_ last: LastEvaluation?) -> (title: String, text: String)? {
    guard let last, let part = own(last) else { return nil }
    let shown = weakest(last)
    let rows = shown.map { weak in
      let names = weak.kind.names(ofEntities: part.predictions.hasMentions)
      return "| \(names.slice): \(tableCell(weak.slice.name)) | \(weak.slice.count) | "
        + "\(weak.metric.name) \(text(weak.slice.values[weak.metric.name] ?? .nan, of: weak.metric))\(intervalText(weak)) |"
    }
    if rows.isEmpty { return nil }
    return (
      "Where it is weakest",
      "The lowest \(shown.count) of the scores of \(part.slices.weakest().count) parts of \(last.split.rawValue).\n\n| part | number | score |\n|---|---|---|\n"
        + rows.joined(separator: "\n")
    )
  }

  /// The digests of the task's files.
  var digestLine: String {
    let digests = Dictionary(zip(recipe.dataPaths, dataDigests)) { first, _ in first }
    return recipe.data.files.flatMap { split, paths in
      paths.map { "\(split.rawValue): \(digests[$0] ?? "not known")" }
    }.joined(separator: "; ")
  }

  var licenceRows: [(name: String, value: String)] {
    let base: String? =
      if recipe.model.initialization == .checkpoint, let path = recipe.model.path {
        licence(ofModel: baseName, in: path) ?? "not stated"
      } else { nil }
    return (base.map { [("licence of the base", $0)] } ?? []) + [
      ("licence of the data", recipe.data.license ?? "not stated")
    ]
  }
}
