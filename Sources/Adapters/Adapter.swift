/// One adapter of one model: a method's `Injection`, the head, and replaced weights. It can be attached and detached.
public import Autograd
public import Models

/// Sendable: attached and detached only between passes.
public final class Adapter: @unchecked Sendable {
  public let method: any AdapterMethod
  let injection: Injection
  /// The adapter's classifier, which may have another number of classes than the base's. In a masked language model it
  /// is the base's decoder, tied to the word embeddings.
  public let head: Projection
  /// Trainable parameters of the head; none if it is tied to the word embeddings.
  let headParameters: [Parameter]
  /// Weights of the model that the adapter has its own values for.
  private(set) var replacedWeights: [ReplacedWeight]
  let model: TextModel
  private let baseHead: Projection
  public private(set) var isAttached = false
  /// Values of the base's weights before `merge`; nil: not merged.
  var unmergedWeights: [WeightBackup]?

  /// A newly initialized adapter for `model`, not attached yet.
  /// - Throws: faults of the method, such as `TargetFault`.
  public convenience init(_ method: some AdapterMethod, on model: TextModel, seed: UInt64) throws {
    self.init(method, on: model, try method.inject(into: model, seed: seed), head: model.classifier)
  }

  init(_ method: any AdapterMethod, on model: TextModel, _ injection: Injection, head: Projection) {
    self.method = method
    self.model = model
    self.injection = injection
    self.head = head
    baseHead = model.classifier
    headParameters = model.headType == .maskedLM ? [] : [head.weight, head.bias]
    let headNames = headParameters.map(\.name)
    replacedWeights = injection.replacedWeights.filter { !headNames.contains($0.parameter.name) }
      .map(ReplacedWeight.init)
  }

  /// All trainable parameters: the injected ones, the head's, and the replaced weights.
  public var trainable: [Parameter] {
    injection.tensors.filter(\.isTrained).map(\.parameter) + injection.unsavedParameters + headParameters
      + replacedWeights.map(\.parameter)
  }

  /// Names of the model's weights that are replaced while the adapter is attached.
  public var replacedNames: Set<String> { Set(replacedWeights.map(\.parameter.name)) }

  /// Names of the replaced weights and of the head's weights.
  public var replacedAndHeadNames: Set<String> { replacedNames.union(headParameters.map(\.name)) }

  /// Called around every training step; nil if the method needs no hook.
  public var hook: (any StepHook)? { injection.hook }

  /// How many parameters the adapter adds to the model, without the head and the replaced weights.
  public var addedParameterCount: Int {
    (injection.tensors.map(\.parameter) + injection.unsavedParameters).reduce(0) { $0 + $1.count }
  }

  /// Fills the model's adapter slots. Only one adapter may be attached at a time.
  public func attach() {
    let slotsAreFree =
      injection.projections.allSatisfy { $0.projection.adapter == nil } && injection.slots.allSatisfy { $0.isFree() }
    precondition(!isAttached && slotsAreFree, "another adapter is attached")
    for (projection, adapter) in injection.projections { projection.adapter = adapter }
    injection.slots.forEach { $0.fill() }
    model.classifier = head
    swapReplacedWeights()
  }

  /// Restores the model, bit for bit.
  public func detach() {
    precondition(isAttached, "the adapter is not attached")
    if isMerged { unmerge() }
    for (projection, _) in injection.projections { projection.adapter = nil }
    injection.slots.forEach { $0.clear() }
    model.classifier = baseHead
    swapReplacedWeights()
  }

  private func swapReplacedWeights() {
    for index in replacedWeights.indices { replacedWeights[index].swap() }
    isAttached.toggle()
  }

  /// The adapter's values of a replaced weight, whether attached or not.
  func values(of weight: ReplacedWeight) -> [Float] {
    isAttached ? Array(weight.parameter.values) : weight.inactiveValues
  }

  /// Sets the adapter's values of the replaced weight at `index`. The adapter must be detached.
  func setReplacedWeight(_ index: Int, _ values: [Float]) { replacedWeights[index].inactiveValues = values }
}

/// A weight of the model, and the values that are not in it: the adapter's while it is detached, else the base's.
struct ReplacedWeight {
  let parameter: Parameter
  /// Its name in the adapter file.
  let savedName: String
  var inactiveValues: [Float]

  init(_ saved: SavedParameter) {
    parameter = saved.parameter
    savedName = saved.name
    parameter.makeWritable()
    inactiveValues = Array(parameter.values)
  }

  mutating func swap() {
    let activeValues = Array(parameter.values)
    _ = parameter.values.update(from: inactiveValues)
    inactiveValues = activeValues
  }
}
