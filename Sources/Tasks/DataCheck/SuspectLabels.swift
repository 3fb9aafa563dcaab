/// Finds labels that may be mistyped. Does not change them: all are labels of the model.
import Datasets

/// Of token classifiers, entity types.
struct SuspectLabels {
  /// Labels that differ only by case, white space or quotes.
  private(set) var alike: [[String]] = []
  /// Labels of one or two training examples, though the others have many. Not those in `alike`.
  private(set) var rare: [String] = []

  /// A label is rare if half of the others have this number, and the rare ones are not more than they.
  private static let many = 20

  init(_ counts: LabelCounts) {
    let labels = counts.labels.map(\.label)
    alike = Dictionary(grouping: labels, by: folded).values.filter { $0.count > 1 }.map { $0.sorted() }
      .sorted { $0[0] < $1[0] }
    guard let train = counts.splits.firstIndex(of: .train) else { return }
    let seen = counts.labels.map { ($0.label, $0.counts[train]) }.filter { $0.1 > 0 }
    let others = seen.map(\.1).filter { $0 > 2 }.sorted(), found = seen.filter { $0.1 <= 2 }.map(\.0)
    guard !others.isEmpty, others[others.count / 2] >= Self.many, found.count <= others.count else { return }
    rare = found.filter { label in !alike.joined().contains(label) }
  }
}

/// Without case, white space and quotes.
private func folded(_ label: String) -> String {
  let kept = label.lowercased().unicodeScalars.filter { scalar in
    !scalar.properties.isWhitespace && !scalar.properties.isQuotationMark && scalar != "`"
  }
  return String(String.UnicodeScalarView(kept))
}

extension TaskSetup {
  /// Notes on labels that may be mistyped.
  var labelNotes: [String] {
    guard let counts = LabelCounts(self) else { return [] }
    let suspect = SuspectLabels(counts), records = Split.allCases.compactMap { task.records(in: $0) }
    func shown(_ label: String) -> String {
      let count = counts.labels.first { $0.label == label }?.counts.reduce(0, +) ?? 0
      let place = records.lazy.compactMap { firstPlace(of: label, in: $0) }.first
      return "'\(label)' (\(count)\(place.map { ", \(count > 1 ? "first " : "")\($0)" } ?? ""))"
    }
    var notes: [String] = []
    if !suspect.alike.isEmpty {
      notes.append(
        "labels that differ only by case, spaces or quotes: "
          + first(suspect.alike, separator: "; ") { $0.map(shown).joined(separator: " and ") }
          + ". Each is a label of its own: if they are one, correct the files")
    }
    if !suspect.rare.isEmpty {
      notes.append(
        "labels of one or two training examples, though the others have many: "
          + first(suspect.rare, separator: ", ", shown) + ". Are they mistyped?")
    }
    return notes
  }
}

/// The first five, and how many more there are.
private func first<Part>(_ parts: [Part], separator: String, _ shown: (Part) -> String) -> String {
  parts.prefix(5).map(shown).joined(separator: separator)
    + (parts.count > 5 ? "\(separator)and \(parts.count - 5) more" : "")
}

/// Where the first record, or word, with the label is; nil: no record has it, or its place is not known.
private func firstPlace(of label: String, in records: any Dataset) -> String? {
  for index in 0..<records.count {
    let labeling = records.labeling(index)
    if labeling.labels.contains(label) { return records[index].source?.place }
    if labeling.tags.isEmpty { continue }
    if let span = TagScheme.iob2.spans(labeling.tags).spans.first(where: { $0.type == label }) {
      return labeling.place(ofWord: span.start)
    }
  }
  return nil
}
