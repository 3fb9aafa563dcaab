/// The evaluation of a model or an adapter on files that are read as its run read its own.
import Datasets
import Files
import Recipes
import Reporting
import Serving
import Tasks
import Training

struct FileEvaluation {
  let files: [String]
  let data: Recipe.Data
  let threads: Int

  /// Reads no file but checks that they are there, which is faster than loading the model.
  /// - Parameter overrides: such as `label_column=2`.
  init(_ files: [String], of task: FolderTask, overrides: [String] = [], threads: Int) throws {
    (self.files, self.threads) = (files, threads)
    data = try Recipe.Data.evaluated(files[0], for: task.type, task.settings?.data, overrides: overrides)
    if let missing = files.first(where: { !fileExists($0) }) { throw FileFault.missing(path: missing) }
  }

  /// The records, and notes on how they were read.
  func read(for member: Member) throws -> (any Task, notes: [String]) {
    try member.task.makeEvaluation(
      of: TaskData(files: [(.test, files)], format: data.format),
      member.tokenizer(maxLength: data.maxLength, stride: data.stride), threads: threads)
  }

  func evaluate(_ task: any Task, _ member: Member) throws -> Evaluation? {
    let replicas = Replicas(threads: threads), console = Console(interval: 1), timer = EvaluationTimer(.test)
    defer { console.clear() }
    return try task.evaluate(member.model, adapters: member.adapters, on: .test) { count, body in
      replicas.map(count, progress: { console.report(.evaluating(timer.progress($0, of: $1))) }, body)
    }
  }
}
