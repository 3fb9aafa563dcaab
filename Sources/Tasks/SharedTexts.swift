/// Finds texts that two splits of a run share: scores on texts that the model is trained on, or chosen on, are too high.
/// Compares whole sentences, texts or documents; labels do not matter.
import Datasets
import Files
import Hashing

/// One note for each pair of splits that share a file or texts. A note has no text of the data.
/// - Throws: `FileFault` if a text file cannot be read.
package func sharedTextNotes(_ task: any Task, _ data: TaskData) throws -> [String] {
  let splits = data.files.map { split, paths in
    SplitTexts(split: split, paths: paths, records: task.records(in: split), format: data.format)
  }
  var notes: [String] = []
  for (index, seen) in splits.enumerated() {
    let others = splits.dropFirst(index + 1)
    func sharedFile(_ other: SplitTexts) -> String? {
      data.divides(seen.split) && data.divides(other.split) ? nil : Tasks.sharedFile(seen, other)
    }
    notes += others.compactMap(sharedFile)
    notes += try sharedTexts(seen, others.filter { sharedFile($0) == nil })
  }
  return notes
}

/// The texts of a split.
private struct SplitTexts {
  let split: Split
  let paths: [String]
  /// nil: they are streamed from the files.
  let records: (any Dataset)?
  let format: any DataFormat

  var noun: String {
    switch format.content {
    case .taggedWords: "sentences"
    case .labeledTexts: "records"
    case .questions: "questions"
    case .runningText: "documents"
    }
  }

  /// Calls `body` with a hash of each text, and with its file and line.
  func forEach(_ body: (UInt64, () -> String) -> Void) throws {
    if let records {
      for index in 0..<records.count {
        body(records.textHash(index)) {
          let record = records[index]
          return record.source?.place ?? "record \(record.id)"
        }
      }
    } else if let text = format as? TextFormat {
      for path in paths {
        var hash = FNV1a(), line = 0
        func passOn() { if line > 0 { body(hash.value) { "\(path):\(line)" } } }
        try forEachPart(in: path, fields: text.fields) { part in
          if part.startsDocument {
            passOn()
            (hash, line) = (FNV1a(), part.line)
          }
          for byte in part.text.utf8 { hash.add(UInt64(byte)) }
        }
        passOn()
      }
    }
  }
}

/// A note if both splits have the same file, whatever it is called.
private func sharedFile(_ seen: SplitTexts, _ other: SplitTexts) -> String? {
  for path in other.paths {
    guard let first = seen.paths.first(where: { isSameFile($0, path) }) else { continue }
    let file = first == path ? path : "\(path), which is \(first)"
    return "\(seen.split.rawValue) and \(other.split.rawValue) have the same file, \(file): \(consequence(seen, other))"
  }
  return nil
}

/// A note for each of `others` that has texts of `seen`.
private func sharedTexts(_ seen: SplitTexts, _ others: [SplitTexts]) throws -> [String] {
  if others.isEmpty { return [] }
  var indices = try others.map(TextIndex.init)
  try seen.forEach { hash, location in
    for index in indices.indices { indices[index].find(hash, at: location) }
  }
  return zip(others, indices).compactMap { other, index in
    guard let example = index.example else { return nil }
    return
      "\(index.shared) of \(index.total) \(other.noun) of \(other.split.rawValue) are also in \(seen.split.rawValue), such as "
      + "\(example.text) in \(example.seen): \(consequence(seen, other))"
  }
}

/// The texts of a split, to be found in another.
private struct TextIndex {
  private var texts: [UInt64: (count: Int, location: String)] = [:]
  private(set) var total = 0, shared = 0
  private(set) var example: (text: String, seen: String)?

  init(_ split: SplitTexts) throws {
    try split.forEach { hash, location in
      total += 1
      texts[hash] = ((texts[hash]?.count ?? 0) + 1, texts[hash]?.location ?? location())
    }
  }

  /// Counts the texts with this hash, once.
  mutating func find(_ hash: UInt64, at location: () -> String) {
    guard let found = texts.removeValue(forKey: hash) else { return }
    shared += found.count
    example = example ?? (found.location, location())
  }
}

private func consequence(_ seen: SplitTexts, _ other: SplitTexts) -> String {
  "scores on \(other.split.rawValue) count texts that the \(seen.split == .train ? "model is trained" : "weights are chosen") on"
}
