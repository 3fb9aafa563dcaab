/// A set of small changes to one model: what a method put into its seams, a head, weights of its own. Attached, then
/// detached again.
public import Autograd
public import Models

/// Sendable: attached and detached between passes.
public final class Adapter: @unchecked Sendable {
  public let method: any AdapterMethod
  let injection: Injection
  /// The adapter's own classifier, of its own size; where the classifier is the table of words, the model's.
  public let head: Projection
  /// What of the classifier learns: nothing, where it is the table of words.
  let headParameters: [Parameter]
  /// Weights of the model that the adapter has its own numbers for.
  private(set) var replacedWeights: [ReplacedWeight]
  let model: TextModel
  private let baseHead: Projection
  public private(set) var isAttached = false
  /// The base's numbers that `merge` has changed; nil: not merged.
  var unmergedWeights: [WeightBackup]?

  /// A new adapter over `model`, which starts as the model itself.
  public convenience init(_ method: some AdapterMethod, on model: TextModel, seed: UInt64) throws {
    self.init(method, on: model, try method.inject(into: model, seed: seed), head: model.classifier)
  }

  init(_ method: any AdapterMethod, on model: TextModel, _ fitting: Injection, head: Projection) {
    self.method = method
    self.model = model
    self.injection = fitting
    self.head = head
    baseHead = model.classifier
    headParameters = model.headType == .maskedLM ? [] : [head.weight, head.bias]
    let own = headParameters.map(\.name)
    replacedWeights = fitting.replacedWeights.filter { !own.contains($0.parameter.name) }.map(ReplacedWeight.init)
  }

  /// What learns: the seams, the head, and the overrides.
  public var trainable: [Parameter] {
    injection.tensors.filter(\.isTrained).map(\.parameter) + injection.unsavedParameters + headParameters
      + replacedWeights.map(\.parameter)
  }

  /// Names of the model's weights that change while the adapter is attached.
  public var replacedNames: Set<String> { Set(replacedWeights.map(\.parameter.name)) }

  /// Names of the weights that are the adapter's own while it is attached: the overridden ones and its head's.
  public var ownNames: Set<String> { replacedNames.union(headParameters.map(\.name)) }

  /// What the method does beside the passes while this adapter is trained.
  public var hook: (any StepHook)? { injection.hook }

  /// Numbers that the model does not have without the adapter.
  public var addedParameters: Int {
    (injection.tensors.map(\.parameter) + injection.unsavedParameters).reduce(0) { $0 + $1.count }
  }

  /// Puts the adapter into the model's seams. Only one adapter may be attached at a time.
  public func attach() {
    let isFree =
      injection.projections.allSatisfy { $0.projection.adapter == nil } && injection.slots.allSatisfy { $0.isFree() }
    precondition(!isAttached && isFree, "another adapter is attached")
    for (projection, adapter) in injection.projections { projection.adapter = adapter }
    injection.slots.forEach { $0.fill() }
    model.classifier = head
    swapReplacedWeights()
  }

  /// Gives the model back as it was, bit for bit.
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

  /// The adapter's numbers of an override, whether attached or not.
  func values(of override: ReplacedWeight) -> [Float] {
    isAttached ? Array(override.parameter.values) : override.inactiveValues
  }

  /// Sets the adapter's own numbers of the override at `index`, while detached.
  func setReplacedWeight(_ index: Int, _ values: [Float]) { replacedWeights[index].inactiveValues = values }
}

/// A weight of the model and the numbers that are not in it now: the adapter's, or while attached, the base's.
struct ReplacedWeight {
  let parameter: Parameter
  /// Its name in the adapter's file.
  let savedName: String
  var inactiveValues: [Float]

  init(_ owned: SavedParameter) {
    parameter = owned.parameter
    savedName = owned.name
    parameter.makeWritable()
    inactiveValues = Array(parameter.values)
  }

  mutating func swap() {
    let now = Array(parameter.values)
    _ = parameter.values.update(from: inactiveValues)
    inactiveValues = now
  }
}
