/// A set of small changes to one model: low-rank seams, a head, some weights of its own. Attached, then detached again.
public import Autograd
public import Models

/// Sendable: attached and detached between passes.
public final class Adapter: @unchecked Sendable {
  public let config: LoRAConfig
  let seams: [(projection: Projection, lora: LoRA)]
  /// The adapter's own classifier, of its own size; where the classifier is the table of words, the model's.
  public let head: Projection
  /// What of the classifier learns: nothing, where it is the table of words.
  let ownHead: [Parameter]
  /// Weights of the model that the adapter has its own numbers for: biases, modules saved whole.
  private(set) var overrides: [Override]
  let model: TextModel
  private let baseHead: Projection
  public private(set) var isAttached = false

  /// A new adapter over `model`, which starts as the model itself (B = 0).
  public convenience init(_ config: LoRAConfig, on model: TextModel, seed: UInt64) throws {
    let seams = try config.resolve(in: model).map { projection, rank, scale in
      (
        projection: projection,
        lora: LoRA(projection, rank: rank, scale: scale, dropout: config.dropout, seed: seed)
      )
    }
    self.init(config, on: model, seams: seams, head: model.classifier)
  }

  init(_ config: LoRAConfig, on model: TextModel, seams: [(projection: Projection, lora: LoRA)], head: Projection) {
    self.config = config
    self.model = model
    self.seams = seams
    self.head = head
    baseHead = model.classifier
    ownHead = model.kind == .masked ? [] : [head.weight, head.bias]
    let adapted = Set(seams.map(\.projection.name))
    let own = ownHead.map(\.name)
    overrides = model.parameters.filter { config.owns($0.name, adapted: adapted) && !own.contains($0.name) }
      .map(Override.init)
  }

  /// What learns: the seams, the head, and the overrides.
  public var trainable: [Parameter] {
    seams.flatMap { [$0.lora.a, $0.lora.b] } + ownHead + overrides.map(\.parameter)
  }

  /// Names of the model's weights that change while the adapter is attached.
  public var overridden: Set<String> { Set(overrides.map(\.parameter.name)) }

  /// Names of the weights that are the adapter's own while it is attached: the overridden ones and its head's.
  public var changed: Set<String> { overridden.union(ownHead.map(\.name)) }

  /// Numbers that the model does not have without the adapter.
  public var addedParameters: Int { seams.reduce(0) { $0 + $1.lora.a.count + $1.lora.b.count } }

  /// Puts the adapter into the model's seams. Only one adapter may be attached at a time.
  public func attach() {
    precondition(!isAttached && seams.allSatisfy { $0.projection.adapter == nil }, "another adapter is attached")
    for (projection, lora) in seams { projection.adapter = lora }
    model.classifier = head
    swapOverrides()
  }

  /// Gives the model back as it was, bit for bit.
  public func detach() {
    precondition(isAttached, "the adapter is not attached")
    for (projection, _) in seams { projection.adapter = nil }
    model.classifier = baseHead
    swapOverrides()
  }

  private func swapOverrides() {
    for index in overrides.indices { overrides[index].swap() }
    isAttached.toggle()
  }

  /// The numbers of an override, whether attached or not.
  func withValues<R>(of override: Override, _ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    isAttached
      ? try body(UnsafeBufferPointer(override.parameter.values)) : try override.other.withUnsafeBufferPointer(body)
  }

  /// Sets the adapter's own numbers of the override at `index`, while detached.
  func setOverride(_ index: Int, _ values: [Float]) { overrides[index].other = values }
}

/// A weight of the model and the numbers that are not in it now: the adapter's, or while attached, the base's.
struct Override {
  let parameter: Parameter
  var other: [Float]

  init(_ parameter: Parameter) {
    parameter.own()
    self.parameter = parameter
    other = Array(parameter.values)
  }

  mutating func swap() {
    let now = Array(parameter.values)
    _ = parameter.values.update(from: other)
    other = now
  }
}

extension LoRAConfig {
  /// Whether the adapter trains and saves this weight of the model itself.
  func owns(_ name: String, adapted: Set<String>) -> Bool {
    let isBias = name.hasSuffix(".bias")
    switch bias {
    case .all where isBias: return true
    case .loraOnly where isBias && adapted.contains(String(name.dropLast(5))): return true
    default: break
    }
    let module = name.split(separator: ".").dropLast()
    return modulesToSave.contains { saved in
      module.indices.contains { isSuffix(saved, of: module[...$0].joined(separator: ".")) }
    }
  }
}
