/// The predictions of one of a run's tasks on one split, with their scores.
import Files
import Tasks

struct ReportedPart {
  /// "": the run has one task.
  let name: String
  let predictions: SavedPredictions
  let scored: ScoredSplit
  let records: [SavedRecord]
  /// The scores of parts of the data; empty until `slice`.
  private(set) var slices: [SliceTable] = []
  /// Why mentions are not divided by whether training had them; nil: they are, or the task has none.
  var noMentions: String?

  init(name: String, _ predictions: SavedPredictions) throws {
    (self.name, self.predictions) = (name, predictions)
    scored = try predictions.scored()
    records = predictions.records
  }

  mutating func slice(_ bootstrap: Bootstrap, _ mentions: MentionData?) {
    slices = predictions.slices(scored, bootstrap, mentions: mentions)
  }

  var headline: [Metric] { predictions.metrics.filter(\.isHeadline) }

  /// `title`, with the task's name if there are several.
  func titled(_ title: String) -> String {
    name.isEmpty ? title : "\(name): " + title.prefix(1).lowercased() + title.dropFirst()
  }

  /// A name for a file.
  func named(_ file: String) -> String { name.isEmpty ? file : "\(name)-\(file)" }
}

/// "0.8123 [0.79, 0.83]"
func scoreText(_ value: Double, _ interval: ClosedRange<Double>?) -> String {
  if value.isNaN { return "–" }
  return fixed(value, 4) + (interval.map { " [\(fixed($0.lowerBound, 2)), \(fixed($0.upperBound, 2))]" } ?? "")
}
