/// One workload, measured in this process: two steps that are not counted, then those that are.
import Autograd
import Files
import Glibc
import Kernels
import Models
import Training

struct Measurement {
  let workload: Workload
  let precision: Precision
  let threads, steps: Int
  let ragged, recompute: Bool
  static let unmeasured = 2

  /// What peer_steps.py prints, and how far from the machine's peak that is.
  func run() throws -> JSON {
    try Processor.initialize()
    let config = try workload.config(), kind: HeadType = workload.what == .distil ? .maskedLM : .sequenceClassification
    let task = Synthetic(lengths: workload.lengths(ragged: ragged), kind: kind)
    let replicas = Replicas(threads: threads), before = sgemmPeak(replicas)
    let engine = try Engine(workload, config, precision, recompute: recompute)
    let seconds =
      workload.what == .infer ? infer(engine.model, task, replicas) : try train(engine, task, replicas)
    let memory = Processor.peakMemory
    let sorted = seconds.dropFirst(Self.unmeasured).sorted()
    let (least, middle) = (sorted[0], median(sorted))
    let tokens = task.lengths.reduce(0, +), operations = workload.operations(config, lengths: task.lengths)
    let rate = Double(operations) / least / 1e9, peak = max(before, sgemmPeak(replicas))
    return [
      "engine": "tune", "workload": .string(workload.name), "precision": .string(precision.rawValue),
      "ragged": .bool(ragged), "gradient_checkpointing": .bool(recompute), "threads": .int(threads),
      "median_seconds": rounded(middle, 5), "least_seconds": rounded(least, 5), "tokens": .int(tokens),
      "tokens_per_second": .int(Int((Double(tokens) / middle).rounded())), "peak_rss_mb": .int(memory >> 20),
      "trainable_parameters": .int(engine.trainableParameters), "flops_per_step": .int(operations),
      "gflops": rounded(rate, 1), "sgemm_peak_gflops": rounded(peak, 1), "share_of_peak": rounded(rate / peak, 4),
      "blas_core": .string(Processor.blasCore), "vectors": .string(Processor.vectors),
      "gemm_backend": .string(GEMMBackend.selected.rawValue),
    ]
  }

  /// Seconds of every step: forward, loss, backward, clipping, AdamW.
  private func train(_ engine: Engine, _ task: Synthetic, _ replicas: Replicas) throws -> [Double] {
    var settings = TrainingSettings()
    settings.duration = .steps(steps + Self.unmeasured)
    settings.batchSize = .examples(workload.sequences)
    settings.learningRate = 1e-4
    settings.schedule = .constant
    let trainer = try Trainer(
      engine.model, task, engine.table, settings, replicas, objective: engine.objective)
    var ends: [Double] = []
    _ = try trainer.run(shouldStop: { false }) { event in
      if case .step(let record) = event { ends.append(record.seconds) }
    }
    return zip(ends, [0] + ends).map(-)
  }

  /// Seconds of every forward pass, in shards of about 256 tokens.
  private func infer(_ model: TextModel, _ task: Synthetic, _ replicas: Replicas) -> [Double] {
    let batches = task.batches(tokens: 256), clock = ContinuousClock()
    return (0..<steps + Self.unmeasured).map { _ in
      clock.measure {
        replicas.forEach(batches.count) { index, workspace in
          let logits = model(batches[index], Pass(workspace))
          precondition(logits.array.allSatisfy(\.isFinite), "the random model gives no numbers")
        }
      } / .seconds(1)
    }
  }
}

func median(_ sorted: [Double]) -> Double { (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2 }

func rounded(_ x: Double, _ digits: Int) -> JSON {
  let scale = pow(10, Double(digits))
  return .double((x * scale).rounded() / scale)
}
