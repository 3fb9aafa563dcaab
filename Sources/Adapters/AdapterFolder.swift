/// An adapter on disk in PEFT's form: adapter_config.json and adapter_model.safetensors.
import Autograd
import Checkpoints
import Files
public import Models

/// What is wrong with an adapter folder.
public enum AdapterFault: Error, CustomStringConvertible {
  case unsupported(file: String, problems: [String])
  case tensors(file: String, problems: [String])

  public var description: String {
    switch self {
    case .unsupported(let file, let problems):
      "\(file): this adapter cannot be used:" + problems.map { "\n  " + $0 }.joined()
    case .tensors(let file, let problems):
      "\(file): the adapter does not fit the model:" + problems.prefix(20).map { "\n  " + $0 }.joined()
        + (problems.count > 20 ? "\n  … and \(problems.count - 20) more" : "")
        + "\nIs this the base that the adapter was trained over?"
    }
  }
}

private let prefix = "base_model.model."

extension Adapter {
  /// Writes both files into the folder. `base` is what adapter_config.json names as the base model.
  public func save(to folder: String, base: String, head kind: HeadKind) throws {
    try makeFolder(folder)
    let adapted = Set(seams.map(\.projection.name))
    var tensors: [(name: String, parameter: Parameter)] = seams.flatMap { [$0.lora.a, $0.lora.b] }
      .map { (prefix + $0.name, $0) }
    tensors += ownHead.map { (prefix + $0.name, $0) }
    tensors += overrides.map { (prefix + Self.stored($0.parameter.name, config, adapted), $0.parameter) }
    let overridden = Dictionary(uniqueKeysWithValues: overrides.map { ($0.parameter.name, $0) })
    let values = tensors.map { tensor in
      let numbers = overridden[tensor.parameter.name].map { withValues(of: $0) { Array($0) } }
      return (name: tensor.name, shape: tensor.parameter.shape, floats: numbers ?? Array(tensor.parameter.values))
    }
    try withPointers(values) { pointers in
      try writeSafetensors(
        to: folder + "/adapter_model.safetensors", tensors: pointers, dtype: .f32, metadata: ["format": "pt"])
    }
    var written = config
    written.targets = config.targets(in: model)
    if case .allLinear = config.targets {
      // PEFT reads "all-linear" anew for the model it finds, and would adapt a token classifier's head as well.
      written.targets = .suffixes(Array(Set(seams.map { String($0.projection.name.split(separator: ".").last ?? "") })))
    }
    try writeFile(written.json(base: base, kind: kind).text() + "\n", to: folder + "/adapter_config.json")
  }

  /// PEFT's name of a weight that the adapter has its own numbers for: an adapted module's bias moved into its base layer.
  private static func stored(_ name: String, _ config: LoRAConfig, _ adapted: Set<String>) -> String {
    let module = String(name.dropLast(".bias".count))
    return name.hasSuffix(".bias") && adapted.contains(module) ? module + ".base_layer.bias" : name
  }

  /// Opens the adapter in `folder` for `model`; it is not attached yet.
  /// - Throws: `AdapterFault` listing everything that is not supported, missing, unexpected or of another shape.
  public convenience init(folder: String, on model: TextModel) throws {
    let config = try LoRAConfig(adapterFolder: folder)
    let file = folder + "/adapter_model.safetensors"
    var reader = TensorReader(
      checkpoint: try Checkpoint(file: file), file: file, encoder: model.config.family.names.encoder + ".")
    let seams = try config.resolve(in: model, everyName: false).map { projection, rank, scale in
      (projection: projection, lora: LoRA(projection, rank: rank, scale: scale, dropout: config.dropout))
    }
    for (_, lora) in seams {
      try reader.read(lora.a)
      try reader.read(lora.b)
    }
    let head = model.kind == .masked ? model.classifier : try reader.head(like: model.classifier)
    self.init(config, on: model, seams: seams, head: head)
    let adapted = Set(seams.map(\.projection.name))
    for (index, override) in overrides.enumerated() {
      let copy = Parameter(override.parameter.name, shape: override.parameter.shape)
      try reader.read(copy, stored: Self.stored(copy.name, config, adapted))
      setOverride(index, Array(copy.values))
    }
    try reader.finish()
  }
}

/// Reads tensors by the names that PEFT gives them; collects what does not fit.
private struct TensorReader {
  let checkpoint: Checkpoint
  let file: String
  /// `bert.`
  let encoder: String
  var problems: [String] = []
  var used: Set<String> = []

  /// With and without the encoder's prefix: PEFT leaves it out for an encoder without a head.
  private func find(_ name: String) -> String? {
    [prefix + name, prefix + name.trimmingPrefix(encoder)].first { checkpoint.contains($0) }
  }

  mutating func read(_ parameter: Parameter, stored: String? = nil) throws {
    guard let name = find(stored ?? parameter.name) else {
      problems.append("missing '\(prefix)\(stored ?? parameter.name)' \(parameter.shape)")
      return
    }
    used.insert(name)
    let found = try checkpoint.info(name).shape
    guard found == parameter.shape else {
      problems.append("'\(name)' has shape \(found), this model and adapter_config.json want \(parameter.shape)")
      return
    }
    try checkpoint.floats(name, into: parameter.pointer)
  }

  /// The adapter's classifier, whatever its number of classes; the model's own where the adapter has none.
  mutating func head(like head: Projection) throws -> Projection {
    guard let name = find(head.weight.name), case let shape = try checkpoint.info(name).shape, shape.count == 2 else {
      return head
    }
    let own = Projection(
      head.name, weight: Parameter(head.weight.name, shape: [shape[0], head.inputs]),
      bias: Parameter(head.bias.name, shape: [shape[0]]))
    try read(own.weight)
    try read(own.bias)
    return own
  }

  func finish() throws {
    // With bias "all" PEFT 0.21 also stores the head's original and its wrapped bias, which it never reads again.
    let unread = checkpoint.names.filter {
      !used.contains($0) && !$0.contains(".original_module.") && !$0.contains(".modules_to_save.")
    }
    let all = try problems + unread.map { "unexpected '\($0)' \(try checkpoint.info($0).shape)" }
    if !all.isEmpty { throw AdapterFault.tensors(file: file, problems: all) }
  }
}

/// Calls `body` with pointers into all the arrays at once.
func withPointers<R>(
  _ tensors: [(name: String, shape: [Int], floats: [Float])],
  _ body: ([(name: String, shape: [Int], floats: UnsafeBufferPointer<Float>)]) throws -> R
) rethrows -> R {
  let copies = tensors.map { tensor in
    let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.floats.count)
    _ = copy.initialize(from: tensor.floats)
    return copy
  }
  defer { copies.forEach { $0.deallocate() } }
  return try body(zip(tensors, copies).map { ($0.name, $0.shape, UnsafeBufferPointer($1)) })
}
