/// Measures one workload in this process, after two warmup steps.
import Autograd
import Encoders
import Files
import Glibc
import Kernels
import Training

struct Measurement {
  let workload: Workload
  let precision: InferencePrecision
  let threads, steps: Int
  let ragged, gradientCheckpointing: Bool
  static let warmupSteps = 2

  /// The same figures as peer_steps.py, and the fraction of the machine's peak.
  func run() throws -> JSON {
    try Processor.initialize()
    let config = try workload.config(),
      headType: HeadType = workload.mode == .distil ? .maskedLM : .sequenceClassification
    let task = Synthetic(lengths: workload.lengths(ragged: ragged), headType: headType)
    let replicas = Replicas(threads: threads), before = sgemmPeak(replicas)
    let engine = try Engine(workload, config, precision, gradientCheckpointing: gradientCheckpointing)
    let seconds =
      workload.mode == .infer ? infer(engine.model, task, replicas) : try train(engine, task, replicas)
    let memory = Processor.peakMemory
    let sorted = seconds.dropFirst(Self.warmupSteps).sorted()
    let (minimum, median) = (sorted[0], median(sorted))
    let tokens = task.lengths.reduce(0, +), operations = workload.operations(config, lengths: task.lengths)
    let gflops = Double(operations) / minimum / 1e9, peak = max(before, sgemmPeak(replicas))
    return [
      "engine": "tune", "workload": .string(workload.name), "precision": .string(precision.rawValue),
      "ragged": .bool(ragged), "gradient_checkpointing": .bool(gradientCheckpointing), "threads": .int(threads),
      "median_seconds": rounded(median, 5), "least_seconds": rounded(minimum, 5), "tokens": .int(tokens),
      "tokens_per_second": .int(Int((Double(tokens) / median).rounded())), "peak_rss_mb": .int(memory >> 20),
      "trainable_parameters": .int(engine.trainableParameters), "flops_per_step": .int(operations),
      "gflops": rounded(gflops, 1), "sgemm_peak_gflops": rounded(peak, 1), "share_of_peak": rounded(gflops / peak, 4),
      "blas_core": .string(Processor.blasCore), "vectors": .string(Processor.vectors),
      "gemm_backend": .string(GEMMBackend.selected.rawValue),
    ]
  }

  /// Seconds of each step: forward, loss, backward, clipping, AdamW.
  private func train(_ engine: Engine, _ task: Synthetic, _ replicas: Replicas) throws -> [Double] {
    var settings = TrainingSettings()
    settings.duration = .steps(steps + Self.warmupSteps)
    settings.batchSize = .examples(workload.sequences)
    settings.learningRate = 1e-4
    settings.schedule = .constant
    let trainer = try Trainer(
      engine.model, task, engine.table, settings, replicas, adapters: engine.adapters, objective: engine.objective)
    var ends: [Double] = []
    _ = try trainer.run(shouldStop: { false }) { event in
      if case .step(let record) = event { ends.append(record.seconds) }
    }
    return zip(ends, [0] + ends).map(-)
  }

  /// Seconds of each forward pass over all sequences, in batches of about 256 tokens.
  private func infer(_ model: TextModel, _ task: Synthetic, _ replicas: Replicas) -> [Double] {
    let batches = task.batches(tokens: 256), clock = ContinuousClock()
    return (0..<steps + Self.warmupSteps).map { _ in
      clock.measure {
        replicas.forEach(batches.count) { index, workspace in
          let logits = model(batches[index], Pass(workspace))
          precondition(logits.array.allSatisfy(\.isFinite), "the random model's logits are not finite")
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
