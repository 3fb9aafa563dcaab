/// What a report is made of: a run's folder, read and checked.
import Datasets
import Files
import Recipes
import Tasks

/// A run with the predictions of its tasks on one split.
struct ReportedRun {
  let folder: String
  let record: RunRecord
  /// The events of metrics.jsonl.
  let log: [JSON]
  /// nil: the run has no predictions.
  let split: Split?
  var parts: [ReportedPart]

  /// The run of this process, which has written its result.json.
  init(ending folder: String, _ last: LastEvaluation?) throws {
    (self.folder, split, parts) = (folder, last?.split, last?.parts ?? [])
    record = try RunRecord(folder: folder, state: .ending)
    log = try Self.log(of: folder)
  }

  private static func log(of folder: String) throws -> [JSON] {
    let path = folder + "/metrics.jsonl"
    return fileExists(path) ? try JSON.lines(path: path) : []
  }

  /// - Parameter split: nil: test, or dev if there are no predictions on test.
  /// - Throws: `ReportFault`; `FileFault` for a damaged file.
  init(_ folder: String, split: Split? = nil) throws {
    if !fileExists(folder + "/recipe.json") { throw ReportFault.noRun(folder) }
    let resultPath = folder + "/result.json"
    if fileExists(resultPath) { _ = try JSON(path: resultPath) }
    self.folder = folder
    record = try RunRecord(folder: folder)
    log = try Self.log(of: folder)
    let tasks = record.recipe["multi_task"]?["tasks"]?.object?.keys.sorted() ?? [""]
    func parts(_ split: Split) throws -> [ReportedPart] {
      try tasks.compactMap { task in
        try SavedPredictions(run: folder, task: task, split).map { try ReportedPart(name: task, $0) }
      }
    }
    if let split {
      self.parts = try parts(split)
      if self.parts.isEmpty {
        let found = try [Split.dev, .test].filter { try !parts($0).isEmpty }.map(\.rawValue)
        throw ReportFault.noPredictions(run: folder, split: split.rawValue, found: found)
      }
      self.split = split
    } else {
      let test = try parts(.test), dev = test.isEmpty ? try parts(.dev) : []
      self.parts = test + dev
      self.split = self.parts.isEmpty ? nil : test.isEmpty ? .dev : .test
    }
  }

  var result: JSON { record.result }

  /// "f1" of [0.79, 0.83], as in result.json.
  func interval(_ metric: String, _ part: ReportedPart, _ split: Split) -> ClosedRange<Double>? {
    result.interval(metric, ofTask: part.name, split.rawValue)
  }

  func metrics(_ part: ReportedPart, _ split: Split) -> JSON? {
    result["metrics"]?[split.rawValue]?.ofTask(part.name)
  }

  /// The bootstrap of the run's own intervals.
  var bootstrap: Bootstrap {
    let intervals = result["intervals"]
    return Bootstrap(
      resamples: max(1, intervals?["resamples"]?.int ?? Bootstrap.defaultResamples),
      seed: UInt64(bitPattern: Int64(intervals?["seed"]?.int ?? 0)))
  }

  /// Scores each part by its slices.
  mutating func slice() {
    for index in parts.indices {
      let mentions = mentions(parts[index])
      parts[index].slice(bootstrap, mentions.data)
      parts[index].noMentions = mentions.refusal
    }
  }

  /// The sentences with the mentions of training, or why they are not known; neither for a task without mentions.
  private func mentions(_ part: ReportedPart) -> (data: MentionData?, refusal: String?) {
    if !part.predictions.hasMentions { return (nil, nil) }
    do {
      let (training, data) = try records(part, .train)
      return (MentionData(training: part.predictions.training(training, of: data), records: try texts(part)), nil)
    } catch ReportFault.changedData(_, let file) {
      return (nil, "\(shortPath(file)) has changed since the run")
    } catch ReportFault.unknownData {
      return (nil, "result.json has no digests of the data, as of an older version")
    } catch {
      return (nil, "the data files cannot be read any more")
    }
  }

  /// The records of a part's split that it has predictions on, as the run read them.
  /// - Throws: `ReportFault` if the files have changed since; the errors of reading the recipe and the files.
  func texts(_ part: ReportedPart) throws -> any Dataset {
    guard let split else { throw ReportFault.noTexts(run: folder) }
    let (records, data) = try records(part, split)
    guard records.count == part.records.count,
      part.records.indices.allSatisfy({ records[$0].id == part.records[$0].id })
    else { throw ReportFault.changedData(run: folder, file: data.paths(split).first ?? "") }
    return records
  }

  private func records(_ part: ReportedPart, _ split: Split) throws -> (any Dataset, TaskData) {
    let recipe = try Recipe.load(path: folder + "/recipe.json", checkFiles: false)
    guard let own = recipe.parts.first(where: { $0.name == part.name }) else {
      throw ReportFault.noTexts(run: folder)
    }
    let recorded = result["data_sha256"]?.array?.compactMap(\.string) ?? []
    guard recorded.count == recipe.dataPaths.count else { throw ReportFault.unknownData(run: folder) }
    let data = own.data.taskData, paths = Set(data.paths(split))
    var changes = DataChanges()
    let changed = try changes.changed(Array(zip(recipe.dataPaths, recorded)).filter { paths.contains($0.0) })
    if let file = changed.first { throw ReportFault.changedData(run: folder, file: file) }
    guard let records = try data.records(split) else { throw ReportFault.noTexts(run: folder) }
    return (records, data)
  }
}
