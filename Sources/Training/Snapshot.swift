/// A run between two steps, on disk: everything that the rest of the run depends on. Data order and dropout need no place
/// here, because they are pure functions of the seed and the step.
import Adapters
import Autograd
import Checkpoints
import Files
import Kernels
import Tasks

/// A snapshot that does not belong to this run.
public struct SnapshotFault: Error, CustomStringConvertible {
  public let path: String
  public let why: String
  public var description: String { "\(path): \(why). Start anew with --overwrite." }
}

extension Trainer {
  /// What the optimizer, the average and the hook carry from step to step. They count nothing: the step says it all.
  private var memories: [(name: String, count: Int, pointer: UnsafeMutablePointer<Float>)] {
    (optimizerStep.optimizer.state + (average.map { [$0.state] } ?? [])).map { ($0.name, $0.count, $0.pointer) }
      + (hook?.state ?? []).map { ($0.name, $0.count, $0.pointer) }
  }

  /// Writes weights, memories, counters and the best weights so far, sealed; the file appears whole or not at all.
  /// - Parameters:
  ///   - inputs: a digest of everything that the run reads.
  ///   - logged: bytes of the run's log, which a resumed run goes on from.
  public func saveSnapshot(to path: String, inputs: String, logged: Int = 0) throws {
    try withSnapshot(inputs: inputs, logged: logged) {
      try writeSafetensorsWithChecksum(to: path, tensors: $0, metadata: $1)
    }
  }

  /// Bytes of a snapshot once there are best weights in it, where an evaluation will choose some; its header left out.
  public var snapshotSize: Int {
    let best = state.bestWeights == nil && task.tokens(in: .dev) > 0 ? table.parameters.reduce(0) { $0 + $1.count } : 0
    return 4 * best
      + withSnapshot(inputs: "", logged: 0) { tensors, _ in 4 * tensors.reduce(0) { $0 + $1.floats.count } }
  }

  private func withSnapshot<Result>(
    inputs: String, logged: Int, _ body: ([NamedFloats], _ metadata: [String: String]) throws -> Result
  ) rethrows -> Result {
    let best = state.bestWeights ?? []
    var metadata: [String: String] = [
      "inputs": inputs, "step": "\(state.step)", "tokens": "\(state.tokens)", "seconds": "\(state.seconds)",
      "gemm_backend": GEMMBackend.selected.rawValue, "evaluations_since_best": "\(state.evaluationsSinceBest)",
      "logged": "\(logged)", "watch": state.spikeDetector.description,
    ]
    if let best = state.best {
      metadata["best_epoch"] = "\(best.epoch)"
      metadata["best_step"] = "\(best.step)"
      metadata["best_value"] = "\(best.value)"
    }
    return try best.withUnsafeBufferPointer { best in
      try body(
        [
          ("best", [best.count], best)
        ] + memories.map { ($0.name, [$0.count], UnsafeBufferPointer(start: $0.pointer, count: $0.count)) }
          + table.parameters.map { (valuesName($0), $0.shape, UnsafeBufferPointer($0.values)) },
        metadata)
    }
  }

  /// Takes a run up where `saveSnapshot` left it; refuses where the inputs are no longer what they were. Whether the
  /// file is whole is for the caller to ask: `SafetensorsFile.isSealIntact`.
  /// - Returns: `logged`, as it was saved.
  @discardableResult
  public func loadSnapshot(from path: String, inputs: String) throws -> Int {
    let file = try SafetensorsFile(path: path)
    func fail(_ why: String) -> SnapshotFault { SnapshotFault(path: path, why: why) }
    guard file.metadata["inputs"] == inputs else {
      throw fail("the base model, a teacher, the tokenizer or the data have changed since this run began")
    }
    let multiplier = GEMMBackend.selected.rawValue
    guard file.metadata["gemm_backend"] == multiplier else {
      let other = file.metadata["gemm_backend"] ?? "none"
      throw fail("the run began with products by '\(other)' and would go on by '\(multiplier)', which rounds otherwise")
    }
    func number<T: LosslessStringConvertible>(_ key: String) throws -> T {
      guard let value = file.metadata[key].flatMap(T.init) else { throw fail("'\(key)' is missing") }
      return value
    }
    func check(_ name: String, _ shape: [Int]) throws {
      guard file.tensors[name]?.shape == shape else { throw fail("'\(name)' does not have the shape \(shape)") }
    }
    for parameter in table.parameters { try check(valuesName(parameter), parameter.shape) }
    for memory in memories { try check(memory.name, [memory.count]) }
    var state = TrainingState()
    state.step = try number("step")
    state.tokens = try number("tokens")
    state.seconds = try number("seconds")
    state.evaluationsSinceBest = try number("evaluations_since_best")
    let logged: Int = try number("logged")
    state.spikeDetector = try number("watch")
    if file.metadata["best_value"] != nil {
      state.best = BestEvaluation(
        epoch: try number("best_epoch"), step: try number("best_step"), metric: settings.metricForBestModel,
        value: try number("best_value"))
      try check("best", [table.parameters.reduce(0) { $0 + $1.count }])
      state.bestWeights = try file.floats("best")
    }
    guard (0...steps).contains(state.step) else { throw fail("step \(state.step) is not in a run of \(steps) steps") }
    // Straight to their places, now that everything has been checked: the model is not held twice.
    for memory in memories { try file.floats(memory.name, into: memory.pointer) }
    for parameter in table.parameters { try file.floats(valuesName(parameter), into: parameter.pointer) }
    self.state = state
    return logged
  }
}

private func valuesName(_ parameter: Parameter) -> String { "values." + parameter.name }
