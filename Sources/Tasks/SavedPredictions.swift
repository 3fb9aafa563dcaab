/// The predictions that a run has saved for a split, and their comparison with another run's.
package import Datasets
package import Files

/// predictions/<split>.jsonl of a run: ids, gold labels, predictions and scores, without the texts.
package struct SavedPredictions {
  private let run: String
  let inference: any RecordInference
  let rows: [JSON]
  /// Of the rows.
  let path: String

  /// - Parameter task: the name of one of several tasks; "": the run has one.
  /// - Returns: nil if the run has saved none for the split.
  /// - Throws: `FileFault`.
  package init?(run: String, task: String = "", _ split: Split) throws {
    let part = task.isEmpty ? "" : "/" + task
    path = "\(run)/predictions\(part)/\(split.rawValue).jsonl"
    let settings = try TuneJSON(folder: run + "/adapter" + part) ?? TuneJSON(folder: run + "/model" + part)
    guard fileExists(path), let inference = settings?.task as? any RecordInference else { return nil }
    (self.run, self.inference) = (run, inference)
    rows = try JSON.lines(path: path)
  }

  /// The predictions of a run that is about to save them as `path`.
  package init(_ rows: [JSON], _ inference: any RecordInference, run: String, path: String) {
    (self.rows, self.inference, self.run, self.path) = (rows, inference, run, path)
  }

  package var metrics: [Metric] { type(of: inference).metrics }

  /// - Throws: `FileFault`.
  package func scored() throws -> ScoredSplit {
    try check()
    return ScoredSplit(
      try inference.examples(saved: rows), documents: rows.map { $0["document"]?.int.map(String.init) })
  }

  /// - Throws: `PairingFault` if the runs' test data or labels differ.
  package func paired(with other: SavedPredictions) throws -> PairedSplit {
    try check(other)
    let first = try scored()
    if first.units.count < 2 {
      throw PairingFault(
        runs: [run, other.run], why: "their test data are a single document, and nothing can be drawn")
    }
    return PairedSplit(try inference.examples(saved: rows + other.rows), first: first)
  }

  /// - Throws: `PairingFault` if the runs' test data or labels differ.
  package func check(_ other: SavedPredictions) throws(PairingFault) {
    func refuse(_ why: String) -> PairingFault { PairingFault(runs: [run, other.run], why: why) }
    let (mine, others) = (type(of: inference).name, type(of: other.inference).name)
    if mine != others { throw refuse("their tasks are \(mine) and \(others)") }
    if Set(inference.labels) != Set(other.inference.labels) {
      let differing = Set(inference.labels).symmetricDifference(other.inference.labels).sorted()
      throw refuse("only one of the models has the labels \(differing.prefix(10).joined(separator: ", "))")
    }
    if rows.count != other.rows.count {
      throw refuse("their test data differ: \(rows.count) and \(other.rows.count) records")
    }
    for (number, (a, b)) in zip(rows, other.rows).enumerated() where a["id"] != b["id"] || a["gold"] != b["gold"] {
      let id = a["id"]?.string ?? "", otherID = b["id"]?.string ?? ""
      throw refuse(
        "their test data differ at record \(number + 1): "
          + (id == otherID ? "its labels are not the same" : "its id is \(id) in one and \(otherID) in the other"))
    }
  }
}

/// Why two runs' predictions cannot be tested against each other.
package struct PairingFault: Error, CustomStringConvertible {
  let runs: [String]
  package let why: String

  package var description: String { "\(runs.joined(separator: " and ")) cannot be tested against each other: \(why)." }
}

extension RecordInference {
  package func savedRow(_ record: Record, _ prediction: Prediction) -> [String: JSON] {
    ["gold": gold(of: record), "predicted": prediction.predicted, "scores": prediction.scores]
  }

  package func examples(saved rows: [JSON]) throws -> any ScoredExamples {
    try examples(
      rows.map { savedRecord(gold: $0["gold"] ?? .null) },
      rows.map { Prediction(saved: $0["predicted"] ?? .null, scores: $0["scores"] ?? .null, labels: labels) })
  }

  /// What a record in saved predictions is labeled with.
  package func savedRecord(gold: JSON) -> Record {
    switch gold {
    case .string(let label): Record(id: "", labels: [label])
    case .array(let labels): Record(id: "", labels: labels.compactMap(\.string))
    default: Record(id: "", value: gold.number)
    }
  }
}

extension Prediction {
  /// A saved prediction. The probabilities are in the order of `labels`.
  init(saved predicted: JSON, scores: JSON, labels: [String]) {
    let probabilities = labels.map { ScoredLabel($0, scores[$0]?.number ?? 0) }
    switch (predicted, scores) {
    case (.string(let label), _): self = .label(label, probabilities: probabilities)
    case (.array(let tags), .array(let scores)):
      self = .tags(zip(tags, scores).map { ScoredLabel($0.string ?? "", $1.number ?? 0) }, [])
    case (.array(let labels), _): self = .labels(labels.compactMap(\.string), probabilities: probabilities)
    default: self = .value(predicted.number ?? 0)
    }
  }
}
