/// What it is worth to keep a teacher's answers: two epochs of a task distillation, of which only the first asks.
import Autograd
import Files
import Glibc
import Kernels
import Models
import Training

struct CachedEpochs {
  let workload: Workload
  let precision: Precision
  let threads: Int
  let ragged, recompute: Bool
  static let batch = 32
  /// Steps of the student alone, before anything is measured.
  static let unmeasured = 2

  /// Token classification in batches of 32 of the workload's sequences, each token's label known; half of the loss is the
  /// teacher's, half the labels'.
  func run() throws -> JSON {
    try Processor.initialize()
    let config = try workload.config(), replicas = Replicas(threads: threads)
    let task = Synthetic(lengths: workload.lengths(ragged: ragged), kind: .tokenClassification)
    let cache = try makeCache(rows: task.lengths)
    var settings = DistillationSettings()
    (settings.klWeight, settings.taskWeight, settings.cosineWeight, settings.klTokens) = (0.5, 0.5, 0, .labeled)
    let engine = try Engine(
      workload.student(of: config), of: config, kind: .tokenClassification, settings, precision, recompute: recompute,
      cache: cache)
    _ = try train(engine, TaskLoss(), task, .steps(Self.unmeasured), cache, replicas)
    let steps = try train(engine, engine.objective, task, .epochs(2), cache, replicas)
    let half = steps.count / 2, asked = steps[half - 1].asked
    precondition(
      asked == task.lengths.count && steps[2 * half - 1].asked == asked,
      "\(asked) of \(task.lengths.count) answers asked for in the first epoch, and others in the second")
    let first = steps[half - 1].end, second = steps[2 * half - 1].end - first
    let tokens = task.lengths.reduce(0, +)
    func rate(_ seconds: Double) -> JSON { .int(Int((Double(tokens) / seconds).rounded())) }
    return [
      "engine": "tune", "workload": .string(workload.name), "cache": true, "precision": .string(precision.rawValue),
      "ragged": .bool(ragged), "gradient_checkpointing": .bool(recompute), "threads": .int(threads),
      "tokens": .int(tokens),
      "steps": .int(half), "asked": .int(asked), "asked_seconds": rounded(first, 4),
      "cached_seconds": rounded(second, 4),
      "asked_tokens_per_second": rate(first), "cached_tokens_per_second": rate(second),
      "times_faster": rounded(first / second, 3), "peak_rss_mb": .int(Processor.peakMemory >> 20),
    ]
  }

  /// When every step ended, in seconds, and how many answers had been asked of the teacher by then.
  private func train(
    _ engine: Engine, _ objective: any Objective, _ task: Synthetic, _ length: TrainingSettings.Duration,
    _ cache: TeacherCache, _ replicas: Replicas
  ) throws -> [(end: Double, asked: Int)] {
    var settings = TrainingSettings()
    (settings.duration, settings.batchSize) = (length, .examples(Self.batch))
    let trainer = try Trainer(engine.model, task, engine.table, settings, replicas, objective: objective)
    var steps: [(end: Double, asked: Int)] = []
    _ = try trainer.run(shouldStop: { false }) { event in
      guard case .step(let record) = event else { return }
      steps.append((record.seconds, cache.misses))
    }
    return steps
  }

  /// In a file that has no name any more when this returns, and so goes with the process.
  private func makeCache(rows: [Int]) throws -> TeacherCache {
    var folder = Array("/tmp/bench-steps-XXXXXX".utf8CString)
    guard mkdtemp(&folder) != nil else {
      throw FileFault.unwritable(path: "/tmp", why: String(cString: strerror(errno)))
    }
    let path = String(decoding: folder.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer {
      unlink(path + "/answers")
      rmdir(path)
    }
    let cache = TeacherCache(path: path + "/answers", rows: rows, k: Synthetic.classes)
    try cache.open()
    return cache
  }
}
