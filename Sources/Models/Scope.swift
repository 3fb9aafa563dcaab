/// Where a weight gets its name and its numbers. Faults are collected, so that one error lists them all.
public import Autograd
import Checkpoints
import Files

/// Hands out a source's weights by name and remembers what was asked for, missing, or of another shape.
public final class WeightLoader {
  private let source: WeightSource
  private var checkpoint: Checkpoint? { source.checkpoint }
  private let family: Family
  private let initializerRange: Double
  private let seed: UInt64
  private var requested: Set<String> = []
  private var problems: [String] = []
  /// Weights that the checkpoint does not have and that start from chance, by module.
  public private(set) var newlyInitialized: [String] = []

  /// - Parameters:
  ///   - config: of the model that asks; its matrices start from its `initializer_range` where they start from chance.
  ///   - seed: of chance.
  public init(_ source: WeightSource, for config: ModelConfig, seed: UInt64) {
    (self.source, family, initializerRange, self.seed) = (source, config.family, config.initializerRange, seed)
  }

  public var root: Scope { Scope(loader: self, path: "") }

  /// The name under which the checkpoint has `name`.
  private func checkpointName(_ name: String) -> String? {
    guard let checkpoint else { return nil }
    return source.candidates(name, in: family).first { checkpoint.contains($0) }
  }

  /// Whether the checkpoint has this weight in this shape.
  func has(_ name: String, shape: [Int]) -> Bool {
    guard let checkpoint, let found = checkpointName(name) else { return false }
    return shapeOf(found, in: checkpoint) == shape
  }

  /// A name under which no weight is an error: a head of another task, say.
  func ignore(_ name: String) { if let found = checkpointName(name) { requested.insert(found) } }

  /// The checkpoint's name of a weight that is there in this shape; else nil, and the problem is remembered.
  private func check(_ name: String, _ shape: [Int], in checkpoint: Checkpoint) -> String? {
    guard let found = checkpointName(name) else {
      let wanted = source.candidates(name, in: family)[0]
      let guess = nearest(to: wanted, among: checkpoint.names).map { "; the nearest is '\($0)'" } ?? ""
      problems.append("missing '\(wanted)' \(shape)\(guess)")
      return nil
    }
    requested.insert(found)
    let there = shapeOf(found, in: checkpoint)
    guard there == shape else {
      problems.append("'\(found)' has shape \(there), config.json wants \(shape)")
      return nil
    }
    return found
  }

  func parameter(_ name: String, shape: [Int], memory: JoinedMemory?, initializer: Initializer?) throws -> Parameter {
    let initializer = initializer ?? .normal(initializerRange)
    guard let checkpoint else { return fill(makeParameter(name, shape, memory), initializer) }
    // A config.json may ask for any size: memory is only taken for what the file really holds.
    guard let found = check(name, shape, in: checkpoint) else { return Parameter(name, shape: [0]) }
    // The small ones are copied: to read one number of a mapped file may cost 64 KB of memory.
    if memory == nil, shape.reduce(1, *) >= 1 << 14, let mapped = try checkpoint.mappedFloats(found) {
      // Frozen weights stay where the file maps them; `Parameter.own` copies before anybody writes.
      return Parameter(
        name, shape: shape, pointer: UnsafeMutablePointer(mutating: mapped), storage: MappedStorage(checkpoint))
    }
    let parameter = makeParameter(name, shape, memory)
    try checkpoint.floats(found, into: parameter.pointer)
    return parameter
  }

  /// A weight that starts from chance though there is a checkpoint.
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

  /// Throws one error that lists every missing, mis-shaped and unexpected weight.
  /// What was read of the files' pages only to be copied goes back.
  public func finish() throws {
    guard let checkpoint else { return }
    checkpoint.releasePages()
    for name in checkpoint.names where !requested.contains(name) && !source.mayIgnore(name, in: family) {
      problems.append("unexpected '\(name)' \(shapeOf(name, in: checkpoint))")
    }
    if !problems.isEmpty { throw WeightFault(files: checkpoint.files, problems: problems) }
  }
}

private func shapeOf(_ name: String, in checkpoint: Checkpoint) -> [Int] { (try? checkpoint.info(name).shape) ?? [] }

public struct WeightFault: Error, CustomStringConvertible {
  public let files: [String]
  public let problems: [String]

  public var description: String {
    let shown = problems.prefix(20).map { "\n  " + $0 }.joined()
    let more = problems.count > 20 ? "\n  … and \(problems.count - 20) more" : ""
    return "\(files.joined(separator: ", ")): \(problems.count) weights do not fit config.json:\(shown)\(more)\n"
      + "Is this config.json the one that belongs to these weights?"
  }
}

/// Keeps a mapped file alive for the parameters over it.
/// Sendable: it only holds a reference.
private final class MappedStorage: Storage, @unchecked Sendable {
  private let checkpoint: Checkpoint
  init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }
  func release(_ bytes: UnsafeRawBufferPointer) { Checkpoints.releasePages(bytes) }
}

/// Memory for several weights that must lie one after the other; taken when the first is found.
final class JoinedMemory {
  private(set) lazy var storage = OwnedStorage(count: count)
  private let count: Int
  private var used = 0
  init(count: Int) { self.count = count }

  func next(_ count: Int) -> UnsafeMutablePointer<Float> {
    defer { used += count }
    return storage.pointer + used
  }
}

/// A path in the tree of names, as in the checkpoint.
public struct Scope {
  let loader: WeightLoader
  let path: String

  public subscript(_ name: String) -> Scope { Scope(loader: loader, path: joinKeyPath(path, name)) }

  /// - Parameter initializer: what it is without a checkpoint; nil: normal, within config.json's `initializer_range`.
  public func parameter(_ name: String, _ shape: [Int], initializer: Initializer? = nil) throws -> Parameter {
    try loader.parameter(self[name].path, shape: shape, memory: nil, initializer: initializer)
  }

  /// A learned matrix [output, input] with its bias.
  public func projection(_ input: Int, _ output: Int) throws -> Projection {
    Projection(
      path, weight: try parameter("weight", [output, input]), bias: try parameter("bias", [output], initializer: .zero))
  }

  /// Several learned matrices over one input, side by side in memory so that one product serves them all.
  func joined(_ names: [String], _ input: Int, _ output: Int) throws -> JoinedProjection {
    let weights = JoinedMemory(count: names.count * input * output), biases = JoinedMemory(count: names.count * output)
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

  /// A head: from the checkpoint where it fits (and `reuse`), else from chance, which the loader remembers.
  public func head(_ input: Int, _ output: Int, reuse: Bool, std: Double) throws -> Projection {
    let reuse =
      reuse && loader.has(self["weight"].path, shape: [output, input]) && loader.has(self["bias"].path, shape: [output])
    return Projection(
      path, weight: try head("weight", [output, input], initializer: .normal(std), reuse: reuse),
      bias: try head("bias", [output], initializer: .zero, reuse: reuse))
  }

  /// A weight of a head: from the checkpoint where it fits (and `reuse`), else from chance.
  func head(_ name: String, _ shape: [Int], initializer: Initializer, reuse: Bool) throws -> Parameter {
    let name = self[name].path
    if reuse, loader.has(name, shape: shape) {
      return try loader.parameter(name, shape: shape, memory: nil, initializer: initializer)
    }
    loader.ignore(name)
    return loader.newParameter(name, shape: shape, initializer: initializer)
  }
}

extension String {
  func replacingSuffix(_ suffix: String, by other: String) -> String {
    hasSuffix(suffix) ? dropLast(suffix.count) + other : self
  }
}
