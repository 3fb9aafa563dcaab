/// Saves and loads the resumable state of a run between two steps. Data order and dropout need no state: they are pure
/// functions of seed and step.
import Adapters
import Autograd
import Checkpoints
import Files
import Kernels
import Tasks

/// A snapshot that does not belong to this run.
package struct SnapshotFault: Error, CustomStringConvertible {
  package let path: String
  package let why: String
  package var description: String { "\(path): \(why). Use --overwrite to start a new run." }
}

extension Trainer {
  /// State of the optimizer, the weight average and the hook. It includes no counters: those follow from the step.
  private var stateTensors: [(name: String, count: Int, pointer: UnsafeMutablePointer<Float>)] {
    (optimizerStep.optimizer.state + (average.map { [$0.state] } ?? [])).map { ($0.name, $0.count, $0.pointer) }
      + (hook?.state ?? []).map { ($0.name, $0.count, $0.pointer) }
  }

  /// Writes weights, optimizer state, counters and the best weights so far, with a checksum. The file is replaced
  /// atomically.
  /// - Parameters:
  ///   - inputs: a digest of everything that the run reads.
  ///   - logged: the size of the run's log in bytes; a resumed run truncates the log to it.
  package func saveSnapshot(to path: String, inputs: String, logged: Int = 0) throws {
    try withSnapshot(inputs: inputs, logged: logged) {
      try writeSafetensorsWithChecksum(to: path, tensors: $0, metadata: $1)
    }
  }

  /// Bytes of a snapshot without its header. Includes the best weights if the run evaluates, even before the first
  /// evaluation.
  package var snapshotSize: Int {
    let best =
      state.bestWeights == nil && learners.tokens(in: .dev) > 0 ? table.parameters.reduce(0) { $0 + $1.count } : 0
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
    if state.isEvaluationDue { metadata["evaluation_due"] = "true" }
    if learners.count > 1 { metadata["turns"] = state.turns.map(String.init).joined(separator: " ") }
    if let best = state.best {
      metadata["best_epoch"] = "\(best.epoch)"
      metadata["best_step"] = "\(best.step)"
      metadata["best_value"] = "\(best.value)"
    }
    return try best.withUnsafeBufferPointer { best in
      try body(
        [
          ("best", [best.count], best)
        ] + stateTensors.map { ($0.name, [$0.count], UnsafeBufferPointer(start: $0.pointer, count: $0.count)) }
          + zip(table.valuesNames, table.parameters).map { ($0, $1.shape, UnsafeBufferPointer($1.values)) },
        metadata)
    }
  }

  /// Restores the state that `saveSnapshot` wrote. The caller checks first that the file is not damaged:
  /// `TensorFile.hasValidChecksum`.
  /// - Returns: `logged`, as it was saved.
  /// - Parameter inputNames: what each of the digests in `inputs` is of, for the message.
  /// - Throws: `SnapshotFault` if the inputs, the GEMM backend or the parameters differ from this run's.
  @discardableResult
  package func loadSnapshot(from path: String, inputs: String, inputNames: [String] = []) throws -> Int {
    let file = try TensorFile(path: path)
    func fail(_ why: String) -> SnapshotFault { SnapshotFault(path: path, why: why) }
    guard file.metadata["inputs"] == inputs else {
      throw fail(changes(from: file.metadata["inputs"] ?? "", to: inputs, inputNames))
    }
    let backend = GEMMBackend.selected.rawValue
    guard file.metadata["gemm_backend"] == backend else {
      let saved = file.metadata["gemm_backend"] ?? "none"
      throw fail(
        "the run used the GEMM backend '\(saved)'; here it is '\(backend)', which rounds differently. Continue on a CPU of the "
          + "first kind, or with TUNE_GEMM=\(saved) if this one can")
    }
    func number<T: LosslessStringConvertible>(_ key: String) throws -> T {
      guard let value = file.metadata[key].flatMap(T.init) else { throw fail("'\(key)' is missing") }
      return value
    }
    func check(_ name: String, _ shape: [Int]) throws {
      guard file.tensors[name]?.shape == shape else { throw fail("'\(name)' does not have the shape \(shape)") }
    }
    let names = table.valuesNames
    for (name, parameter) in zip(names, table.parameters) { try check(name, parameter.shape) }
    for tensor in stateTensors { try check(tensor.name, [tensor.count]) }
    var state = TrainingState()
    state.step = try number("step")
    state.isEvaluationDue = file.metadata["evaluation_due"] == "true"
    state.tokens = try number("tokens")
    state.seconds = try number("seconds")
    state.turns = try turns(file.metadata["turns"], state.step, fail)
    state.evaluationsSinceBest = try number("evaluations_since_best")
    let logged: Int = try number("logged")
    state.spikeDetector = try number("watch")
    if file.metadata["best_value"] != nil {
      state.best = BestEvaluation(
        epoch: try number("best_epoch"), step: try number("best_step"), metric: settings.metricForBestModel.name,
        value: try number("best_value"))
      try check("best", [table.parameters.reduce(0) { $0 + $1.count }])
      state.bestWeights = try file.floats("best")
    }
    guard (0...steps).contains(state.step) else { throw fail("step \(state.step) is not in a run of \(steps) steps") }
    // Everything has been checked: read straight into the parameters, without a second copy in memory.
    for tensor in stateTensors { try file.floats(tensor.name, into: tensor.pointer) }
    for (name, parameter) in zip(names, table.parameters) { try file.floats(name, into: parameter.pointer) }
    self.state = state
    return logged
  }
}

extension Trainer {
  /// The steps of each learner, as a snapshot has them.
  private func turns(_ saved: String?, _ step: Int, _ fail: (String) -> SnapshotFault) throws -> [Int] {
    if learners.count == 1 { return [step] }
    let turns = (saved ?? "").split(separator: " ").compactMap { Int($0) }
    guard turns.count == learners.count, turns.reduce(0, +) == step else {
      throw fail("'turns' does not have the steps of \(learners.count) tasks")
    }
    return turns
  }
}

/// Which inputs have changed, as a clause.
private func changes(from old: String, to new: String, _ names: [String]) -> String {
  let digests = zip(old.split(separator: " "), new.split(separator: " ")).map(!=)
  let changed = Set(zip(names, digests).filter(\.1).map(\.0)).sorted()
  if changed.isEmpty || digests.count != names.count { return "inputs have changed since this run began" }
  return "inputs have changed since this run began: " + changed.joined(separator: ", ")
}

extension ParameterTable {
  /// The names of the parameters' values in a snapshot. The heads of several tasks may have the same names.
  fileprivate var valuesNames: [String] {
    var counts: [String: Int] = [:]
    return parameters.map { parameter in
      counts[parameter.name, default: 0] += 1
      let number = counts[parameter.name] ?? 1
      return "values." + parameter.name + (number > 1 ? " \(number)" : "")
    }
  }
}
