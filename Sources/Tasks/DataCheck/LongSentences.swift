/// Finds sentences of tagged words that may be several, because blank lines are missing between them.
import Datasets

/// Words of a sentence from which on it is noted: the longest sentence of BC5CDR has 225.
private let limit = 300

extension TaskSetup {
  /// A note for each split with such sentences.
  var sentenceNotes: [String] {
    if tagScheme == nil { return [] }
    return Split.allCases.compactMap { split in
      guard let records = task.records(in: split) else { return nil }
      var count = 0, longest: Record?
      for index in 0..<records.count {
        let record = records[index]
        if record.words.count < limit { continue }
        count += 1
        if record.words.count > longest?.words.count ?? 0 { longest = record }
      }
      guard let longest else { return nil }
      let place = longest.place(ofWord: 0), size = longest.words.count
      let found =
        count == 1
        ? "one sentence of \(size) words (\(place))"
        : "\(count) sentences of \(limit) words or more, the longest of \(size) (\(place))"
      return "\(split.rawValue): \(found): are blank lines missing?"
    }
  }

  /// Notes on what may be wrong with the data, which a run and a check have in common.
  package var dataNotes: [String] { labelNotes + sentenceNotes }
}
