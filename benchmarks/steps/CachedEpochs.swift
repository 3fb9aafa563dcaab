/// Measures the teacher cache: two epochs of distillation, of which only the first runs the teacher.
import Autograd
import Encoders
import Files
import Glibc
import Kernels
import Training

struct CachedEpochs {
  let workload: Workload
  let precision: Precision
  let threads: Int
  let ragged, gradientCheckpointing: Bool
  static let batch = 32
  /// Steps of the student alone before the measurement.
  static let warmupSteps = 2

  /// Token classification in batches of 32 of the workload's sequences, with a label for every token. KL and task loss
  /// have weight 0.5 each.
  func run() throws -> JSON {
    try Processor.initialize()
    let config = try workload.config(), replicas = Replicas(threads: threads)
    let task = Synthetic(lengths: workload.lengths(ragged: ragged), headType: .tokenClassification)
    let cache = try makeCache(rows: task.lengths)
    var settings = DistillationSettings()
    (settings.klWeight, settings.taskWeight, settings.cosineWeight, settings.klTokens) = (0.5, 0.5, 0, .labeled)
    let engine = try Engine(
      workload.student(of: config), of: config, headType: .tokenClassification, settings, precision,
      gradientCheckpointing: gradientCheckpointing, cache: cache)
    _ = try train(engine, TaskLoss(), task, .steps(Self.warmupSteps), cache, replicas)
    let steps = try train(engine, engine.objective, task, .epochs(2), cache, replicas)
    let half = steps.count / 2, misses = steps[half - 1].misses
    precondition(
      misses == task.lengths.count && steps[2 * half - 1].misses == misses,
      "\(misses) of \(task.lengths.count) examples missed the cache in the first epoch, or some did in the second")
    let first = steps[half - 1].end, second = steps[2 * half - 1].end - first
    let tokens = task.lengths.reduce(0, +)
    func tokensPerSecond(_ seconds: Double) -> JSON { .int(Int((Double(tokens) / seconds).rounded())) }
    return [
      "engine": "tune", "workload": .string(workload.name), "cache": true, "precision": .string(precision.rawValue),
      "ragged": .bool(ragged), "gradient_checkpointing": .bool(gradientCheckpointing), "threads": .int(threads),
      "tokens": .int(tokens),
      "steps": .int(half), "misses": .int(misses), "uncached_seconds": rounded(first, 4),
      "cached_seconds": rounded(second, 4),
      "uncached_tokens_per_second": tokensPerSecond(first), "cached_tokens_per_second": tokensPerSecond(second),
      "times_faster": rounded(first / second, 3), "peak_rss_mb": .int(Processor.peakMemory >> 20),
    ]
  }

  /// For every step, the seconds of training and the cache misses until its end.
  private func train(
    _ engine: Engine, _ objective: any Objective, _ task: Synthetic, _ length: TrainingSettings.Duration,
    _ cache: TeacherCache, _ replicas: Replicas
  ) throws -> [(end: Double, misses: Int)] {
    var settings = TrainingSettings()
    (settings.duration, settings.batchSize) = (length, .examples(Self.batch))
    let trainer = try Trainer(engine.model, task, engine.table, settings, replicas, objective: objective)
    var steps: [(end: Double, misses: Int)] = []
    _ = try trainer.run(shouldStop: { false }) { event in
      guard case .step(let record) = event else { return }
      steps.append((record.seconds, cache.misses))
    }
    return steps
  }

  /// The file is unlinked before this returns, so that it disappears with the process.
  private func makeCache(rows: [Int]) throws -> TeacherCache {
    var folder = Array("/tmp/bench-steps-XXXXXX".utf8CString)
    guard mkdtemp(&folder) != nil else {
      throw FileFault.unwritable(path: "/tmp", why: String(cString: strerror(errno)))
    }
    let path = String(decoding: folder.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer {
      unlink(path + "/cache")
      rmdir(path)
    }
    let cache = TeacherCache(CacheFile(path + "/cache"), rows: rows, k: Synthetic.classes)
    try cache.open()
    return cache
  }
}
