/// The parts of the data by which saved predictions are scored.
package import Datasets
import Files

/// By which mentions are known as seen in training or not: the training sentences, and those of the predictions with their words.
package struct MentionData: Sendable {
  let training, records: any Dataset

  /// - Parameters:
  ///   - training: with tags in IOB2.
  ///   - records: those of the predictions, in their order.
  package init(training: any Dataset, records: any Dataset) { (self.training, self.records) = (training, records) }
}

extension SavedPredictions {
  /// The tables of labels, mentions, questions and lengths, as far as the task has them.
  /// - Parameter mentions: nil: not known, and there is no table of them.
  package func slices(_ scored: ScoredSplit, _ bootstrap: Bootstrap, mentions: MentionData?) -> [SliceTable] {
    // Those of other kinds of data are not there, as SQuAD's for BioASQ.
    let whole = scored.values(of: Array(rows.indices))
    let headline = metrics.filter { $0.isHeadline && whole[$0.name] != nil }
    func table(_ kind: SliceTable.Kind, _ groups: [(name: String, records: [Int])]) -> SliceTable {
      SliceTable(kind, groups, of: scored, metrics: headline, bootstrap)
    }
    let tables = [
      SliceTable(.label, labelsOf: scored, bootstrap),
      mentions.map { SliceTable(.mention, labelsOf: seenMentions($0, scored), bootstrap) },
      taskType == .extractiveQA ? table(.question, questionKinds) : nil,
      table(.length, lengths),
    ]
    return tables.compactMap { $0 }.filter { !$0.slices.isEmpty }
  }

  /// Whether the task has mentions.
  package var hasMentions: Bool { taskType == .tokenClassification }

  /// Training records as the run trained on them.
  package func training(_ records: any Dataset, of data: TaskData) -> any Dataset {
    let (normalized, _) = inference.normalized(records, of: data)
    return data.maxTrainExamples.map { PrefixDataset(normalized, maxCount: $0) } ?? normalized
  }

  private func seenMentions(_ data: MentionData, _ scored: ScoredSplit) -> ScoredSplit {
    let seen = SeenMentions(data.training)
    let words = rows.indices.map { data.records[$0].words }
    return scored.with(
      MentionExamples(rows.map { (entities($0, "gold"), entities($0, "predicted")) }) { sentence, span in
        seen.contains(span, of: words[sentence])
      })
  }

  /// Records by their number of words, in five groups of about the same size; none of fewer than ten.
  private var lengths: [(name: String, records: [Int])] {
    let lengths = records.map(\.words)
    let known = lengths.indices.filter { lengths[$0] != nil }.sorted { (lengths[$0] ?? 0, $0) < (lengths[$1] ?? 0, $1) }
    if known.count < 10 { return [] }
    // Records of the same length are in the same group.
    var starts = [0]
    for part in 1..<5 {
      let place = part * known.count / 5
      let start = known.indices.first { $0 >= place && lengths[known[$0]] != lengths[known[$0 - 1]] }
      if let start, start > starts[starts.count - 1] { starts.append(start) }
    }
    if starts.count == 1 { return [] }
    return zip(starts, starts.dropFirst() + [known.count]).map { start, end in
      let part = Array(known[start..<end]), least = lengths[known[start]] ?? 0, most = lengths[known[end - 1]] ?? 0
      return (least == most ? counted(least, "word") : "\(least)–\(most) words", part)
    }
  }

  /// Records by what is asked: of SQuAD, with and without an answer; of BioASQ, by the kind of question.
  private var questionKinds: [(name: String, records: [Int])] {
    let kinds = Dictionary(grouping: rows.indices) { index in
      rows[index]["type"]?.string
        ?? (rows[index]["gold"]?.array?.isEmpty == false ? "with an answer" : "without an answer")
    }
    return kinds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
