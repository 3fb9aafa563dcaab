/// What the end of a run knows of its evaluation, for the report and the card, without reading it again.
import Tasks

/// What a run was evaluated on last.
struct LastEvaluation {
  let split: Split
  /// Of the tasks with records.
  var parts: [ReportedPart]

  /// Scores the part of a run's task by its slices.
  mutating func slice(_ run: Run, _ bootstrap: Bootstrap) {
    guard let index = parts.firstIndex(where: { $0.name == run.name }) else { return }
    let records = [Split.train, split].compactMap { run.setup.task.records(in: $0) }
    let mentions = records.count == 2 ? MentionData(training: records[0], records: records[1]) : nil
    parts[index].slice(bootstrap, parts[index].predictions.hasMentions ? mentions : nil)
  }
}
