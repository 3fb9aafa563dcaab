/// A run between two steps, on disk: everything that the rest of the run depends on. Data order and dropout need no place
/// here, because they are pure functions of the seed and the step.
import Autograd
import Checkpoints
import Files

/// A snapshot that does not belong to this run.
public struct SnapshotFault: Error, CustomStringConvertible {
  public let path: String
  public let why: String
  public var description: String { "\(path): \(why). Start anew with --overwrite." }
}

extension Trainer {
  /// Writes weights, moments, counters and the best weights so far; the file appears whole or not at all.
  /// - Parameter inputs: a digest of everything that the run reads.
  public func saveSnapshot(to path: String, inputs: String) throws {
    let values = table.values
    let best = state.bestWeights ?? []
    var metadata: [String: String] = [
      "inputs": inputs, "step": "\(state.step)", "tokens": "\(state.tokens)", "seconds": "\(state.seconds)",
      "evaluations_since_best": "\(state.evaluationsSinceBest)", "optimizer_steps": "\(optimizer.steps)",
    ]
    if let best = state.best {
      metadata["best_epoch"] = "\(best.epoch)"
      metadata["best_step"] = "\(best.step)"
      metadata["best_value"] = "\(best.value)"
    }
    try values.withUnsafeBufferPointer { values in
      try best.withUnsafeBufferPointer { best in
        try writeSafetensors(
          to: path,
          tensors: [
            ("values", [values.count], values), ("best", [best.count], best),
            ("first_moment", [table.count], UnsafeBufferPointer(start: optimizer.first.pointer, count: table.count)),
            ("second_moment", [table.count], UnsafeBufferPointer(start: optimizer.second.pointer, count: table.count)),
          ], dtype: .f32, metadata: metadata)
      }
    }
  }

  /// Takes a run up where `saveSnapshot` left it; refuses where the inputs are no longer what they were.
  public func loadSnapshot(from path: String, inputs: String) throws {
    let file = try SafetensorsFile(path: path)
    func fail(_ why: String) -> SnapshotFault { SnapshotFault(path: path, why: why) }
    guard file.metadata["inputs"] == inputs else {
      throw fail("the base model, its tokenizer or the data have changed since this run began")
    }
    func number<T: LosslessStringConvertible>(_ key: String) throws -> T {
      guard let value = file.metadata[key].flatMap(T.init) else { throw fail("'\(key)' is missing") }
      return value
    }
    func floats(_ name: String, _ count: Int) throws -> [Float] {
      guard file.tensors[name]?.shape == [count] else { throw fail("'\(name)' does not have \(count) numbers") }
      return try file.floats(name)
    }
    let count = table.parameters.reduce(0) { $0 + $1.count }
    let values = try floats("values", count)
    let (first, second) = (try floats("first_moment", table.count), try floats("second_moment", table.count))
    var state = TrainingState()
    state.step = try number("step")
    state.tokens = try number("tokens")
    state.seconds = try number("seconds")
    state.evaluationsSinceBest = try number("evaluations_since_best")
    if file.metadata["best_value"] != nil {
      state.best = Best(
        epoch: try number("best_epoch"), step: try number("best_step"), metric: settings.metric,
        value: try number("best_value"))
      state.bestWeights = try floats("best", count)
    }
    guard (0...steps).contains(state.step) else { throw fail("step \(state.step) is not in a run of \(steps) steps") }
    optimizer.steps = try number("optimizer_steps")
    optimizer.first.pointer.update(from: first, count: table.count)
    optimizer.second.pointer.update(from: second, count: table.count)
    table.values = values
    self.state = state
  }
}
