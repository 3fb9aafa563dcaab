/// Makes a model's weights by name, from a checkpoint or newly initialized. All problems are reported in one error.
package import Autograd
import Checkpoints
import Files

/// Loads weights by name and records which were loaded, are missing, or have another shape.
package final class WeightLoader {
  private let source: WeightSource
  private var checkpoint: Checkpoint? { source.checkpoint }
  fileprivate var joinsWeights: Bool { source.joinsWeights }
  private let family: Family
  private let initializerRange: Double
  /// Tokens that the model has and the checkpoint has not.
  private let addedTokenCount: Int
  private let seed: UInt64
  /// Names in the checkpoint: of loaded weights, and of weights that are not loaded although the model has them.
  private var loaded: Set<String> = [], ignored: Set<String> = []
  private var problems: [String] = []
  /// Names of the head weights that were newly initialized, because the checkpoint lacks them or they are not reused.
  package private(set) var newlyInitialized: [String] = []

  /// - Parameters:
  ///   - config: of the model to load; new matrices are initialized with its `initializer_range`.
  ///   - seed: of the random initialization.
  package init(_ source: WeightSource, for config: ModelConfig, seed: UInt64) {
    (self.source, family, initializerRange, self.seed) = (source, config.family, config.initializerRange, seed)
    addedTokenCount = config.addedTokenCount
  }

  package var root: Scope { Scope(loader: self, path: "") }

  /// The checkpoint's name for the weight `name`; nil if it has none.
  private func checkpointName(_ name: String) -> String? {
    guard let checkpoint else { return nil }
    return source.candidates(name, in: family).first { checkpoint.contains($0) }
  }

  /// Whether the source has this weight in this shape.
  func has(_ name: String, shape: [Int]) -> Bool {
    if let original = source.parameters[name] { return original.shape == shape }
    guard let checkpoint, let found = checkpointName(name) else { return false }
    return shapeOf(found, in: checkpoint) == storedShape(of: name, shape)
  }

  /// The shape of a weight in the checkpoint, which lacks the rows of added tokens.
  private func storedShape(of name: String, _ shape: [Int]) -> [Int] {
    guard addedTokenCount > 0, vocabularyTensors.contains(where: name.hasSuffix) else { return shape }
    return [shape[0] - addedTokenCount] + shape.dropFirst()
  }

  /// Excludes a weight of the checkpoint from the check for unexpected weights, as a head that is not reused.
  func ignore(_ name: String) { if let found = checkpointName(name) { ignored.insert(found) } }

  /// The checkpoint's name for a weight if it has the weight in this shape; else nil, after recording the problem.
  private func check(_ name: String, _ shape: [Int], in checkpoint: Checkpoint) -> String? {
    guard let found = checkpointName(name) else {
      let expected = source.candidates(name, in: family)[0]
      let suggestion = nearest(to: expected, among: checkpoint.names).map { "; the nearest name is '\($0)'" } ?? ""
      problems.append("missing '\(expected)' \(shape)\(suggestion)")
      return nil
    }
    loaded.insert(found)
    let foundShape = shapeOf(found, in: checkpoint)
    guard foundShape == shape else {
      problems.append("'\(found)' has shape \(foundShape); expected \(shape) from config.json")
      return nil
    }
    return found
  }

  func parameter(_ name: String, shape: [Int], memory: JoinedMemory?, initializer: Initializer?) throws -> Parameter {
    let initializer = initializer ?? .normal(initializerRange)
    if let original = source.parameters[name] {
      precondition(original.shape == shape, "\(name): copying \(original.shape), expected \(shape)")
      return memory.map { original.copy(at: $0.next(original.count), in: $0.storage) } ?? original.copy()
    }
    guard let checkpoint else { return fill(makeParameter(name, shape, memory), initializer) }
    // config.json may have any size, so memory is allocated only for weights that the file contains.
    let stored = storedShape(of: name, shape)
    guard let found = check(name, stored, in: checkpoint) else { return Parameter(name, shape: [0]) }
    // Small weights are copied, because reading one number of a mapped file may keep 64 KB resident.
    if memory == nil, stored == shape, shape.reduce(1, *) >= 1 << 14, let mapped = try checkpoint.mappedFloats(found) {
      // Frozen weights stay in the mapped file; `Parameter.makeWritable` copies a weight before it is written.
      return Parameter(
        name, shape: shape, pointer: UnsafeMutablePointer(mutating: mapped), storage: MappedStorage(checkpoint))
    }
    // The rows of added tokens stay 0.
    let parameter = makeParameter(name, shape, memory)
    try checkpoint.floats(found, into: parameter.pointer)
    return parameter
  }

  /// A newly initialized weight of a head.
  func newParameter(_ name: String, shape: [Int], initializer: Initializer) -> Parameter {
    newlyInitialized.append(name)
    return fill(makeParameter(name, shape, nil), initializer)
  }

  private func makeParameter(_ name: String, _ shape: [Int], _ memory: JoinedMemory?) -> Parameter {
    guard let memory else { return Parameter(name, shape: shape) }
    return Parameter(name, shape: shape, pointer: memory.next(shape.reduce(1, *)), storage: memory.storage)
  }

  private func fill(_ parameter: Parameter, _ initializer: Initializer) -> Parameter {
    if source.isInitialized { initializer.fill(parameter, seed: seed) }
    return parameter
  }

  /// Throws one `WeightFault` that lists every missing and unexpected weight, and every weight of another shape, or
  /// `CheckpointFault.notFinite` for a loaded weight with NaN or infinity. Also releases the files' pages that were read
  /// only to be copied.
  package func finish() throws {
    guard let checkpoint else { return }
    checkpoint.releasePages()
    let known = loaded.union(ignored)
    for name in checkpoint.names where !known.contains(name) && !source.mayIgnore(name, in: family) {
      problems.append("unexpected '\(name)' \(shapeOf(name, in: checkpoint))")
    }
    if !problems.isEmpty { throw WeightFault(files: checkpoint.files, problems: problems) }
    try checkpoint.checkFinite(loaded)
  }

  /// The same for a head alone, beside whose weights the checkpoint has those of an encoder.
  func finishHead() throws { try checkpoint?.checkFinite(loaded) }
}

private func shapeOf(_ name: String, in checkpoint: Checkpoint) -> [Int] { (try? checkpoint.info(name).shape) ?? [] }

/// The weights of a checkpoint that do not match config.json.
package struct WeightFault: Error, CustomStringConvertible {
  package let files: [String]
  package let problems: [String]

  package var description: String {
    let shown = problems.prefix(20).map { "\n  " + $0 }.joined()
    let more = problems.count > 20 ? "\n  … and \(problems.count - 20) more" : ""
    return "\(files.joined(separator: ", ")): \(problems.count) weights do not match config.json:\(shown)\(more)\n"
      + "Do config.json and the weights belong to the same model?"
  }
}

/// Keeps the checkpoint's mapped files alive for the parameters in them.
/// Sendable: it only holds a reference.
private final class MappedStorage: Storage, @unchecked Sendable {
  private let checkpoint: Checkpoint
  init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }
  func release(_ bytes: UnsafeRawBufferPointer) { Files.releasePages(bytes) }
}

/// A module path, as in the checkpoint's names. Makes the module's weights.
package struct Scope {
  let loader: WeightLoader
  let path: String

  package subscript(_ name: String) -> Scope { Scope(loader: loader, path: joinKeyPath(path, name)) }

  /// - Parameter initializer: its initialization without a checkpoint; nil: normal with the standard deviation
  ///   `initializer_range` of config.json.
  package func parameter(_ name: String, _ shape: [Int], initializer: Initializer? = nil) throws -> Parameter {
    try loader.parameter(self[name].path, shape: shape, memory: nil, initializer: initializer)
  }

  /// A linear layer: weight [output, input] and bias [output].
  /// - Parameter std: the standard deviation of a new weight; nil: `initializer_range` of config.json.
  package func projection(
    _ input: Int, _ output: Int, hasBias: Bool = true, std: Double? = nil
  ) throws -> Projection {
    Projection(
      path, weight: try parameter("weight", [output, input], initializer: std.map(Initializer.normal)),
      bias: hasBias ? try parameter("bias", [output], initializer: .zero) : nil)
  }

  /// Several linear layers over one input. If the source joins weights they are contiguous in memory, so that one GEMM
  /// computes them all.
  func joined(_ names: [String], _ input: Int, _ output: Int) throws -> JoinedProjection {
    let weights = loader.joinsWeights ? JoinedMemory(count: names.count * input * output) : nil
    let biases = JoinedMemory(count: names.count * output)
    return JoinedProjection(
      parts: try names.map { name in
        let scope = self[name]
        return Projection(
          scope.path,
          weight: try loader.parameter(
            scope["weight"].path, shape: [output, input], memory: weights, initializer: nil),
          bias: try loader.parameter(scope["bias"].path, shape: [output], memory: biases, initializer: .zero))
      })
  }

  /// A head's linear layer: from the checkpoint if `reuse` and the shapes match, else newly initialized.
  package func head(
    _ input: Int, _ output: Int, hasBias: Bool = true, reuse: Bool, std: Double
  ) throws -> Projection {
    let reuse =
      reuse && loader.has(self["weight"].path, shape: [output, input])
      && (!hasBias || loader.has(self["bias"].path, shape: [output]))
    return Projection(
      path, weight: try head("weight", [output, input], initializer: .normal(std), reuse: reuse),
      bias: hasBias ? try head("bias", [output], initializer: .zero, reuse: reuse) : nil)
  }

  /// A head's weight: from the checkpoint if `reuse` and the shape matches, else newly initialized.
  func head(_ name: String, _ shape: [Int], initializer: Initializer, reuse: Bool) throws -> Parameter {
    let name = self[name].path
    if reuse, loader.has(name, shape: shape) {
      return try loader.parameter(name, shape: shape, memory: nil, initializer: initializer)
    }
    loader.ignore(name)
    return loader.newParameter(name, shape: shape, initializer: initializer)
  }
}
