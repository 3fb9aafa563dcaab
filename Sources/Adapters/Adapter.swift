/// A set of small changes to one model: what a method put into its seams, a head, weights of its own. Attached, then
/// detached again.
public import Autograd
public import Models

/// Sendable: attached and detached between passes.
public final class Adapter: @unchecked Sendable {
  public let method: any AdapterMethod
  let fitting: Fitting
  /// The adapter's own classifier, of its own size; where the classifier is the table of words, the model's.
  public let head: Projection
  /// What of the classifier learns: nothing, where it is the table of words.
  let ownHead: [Parameter]
  /// Weights of the model that the adapter has its own numbers for.
  private(set) var overrides: [Override]
  let model: TextModel
  private let baseHead: Projection
  public private(set) var isAttached = false
  /// The base's numbers that `merge` has changed; nil: not merged.
  var replaced: [Kept]?

  /// A new adapter over `model`, which starts as the model itself.
  public convenience init(_ method: some AdapterMethod, on model: TextModel, seed: UInt64) throws {
    self.init(method, on: model, try method.fit(model, seed: seed), head: model.classifier)
  }

  init(_ method: any AdapterMethod, on model: TextModel, _ fitting: Fitting, head: Projection) {
    self.method = method
    self.model = model
    self.fitting = fitting
    self.head = head
    baseHead = model.classifier
    ownHead = model.kind == .masked ? [] : [head.weight, head.bias]
    let own = ownHead.map(\.name)
    overrides = fitting.owned.filter { !own.contains($0.parameter.name) }.map(Override.init)
  }

  /// What learns: the seams, the head, and the overrides.
  public var trainable: [Parameter] {
    fitting.tensors.filter(\.learns).map(\.parameter) + fitting.unsaved + ownHead + overrides.map(\.parameter)
  }

  /// Names of the model's weights that change while the adapter is attached.
  public var overridden: Set<String> { Set(overrides.map(\.parameter.name)) }

  /// Names of the weights that are the adapter's own while it is attached: the overridden ones and its head's.
  public var changed: Set<String> { overridden.union(ownHead.map(\.name)) }

  /// What the method does beside the passes while this adapter is trained.
  public var hook: (any StepHook)? { fitting.hook }

  /// Numbers that the model does not have without the adapter.
  public var addedParameters: Int {
    (fitting.tensors.map(\.parameter) + fitting.unsaved).reduce(0) { $0 + $1.count }
  }

  /// Puts the adapter into the model's seams. Only one adapter may be attached at a time.
  public func attach() {
    let isFree =
      fitting.projections.allSatisfy { $0.projection.adapter == nil } && fitting.sockets.allSatisfy { $0.isFree() }
    precondition(!isAttached && isFree, "another adapter is attached")
    for (projection, adapter) in fitting.projections { projection.adapter = adapter }
    fitting.sockets.forEach { $0.fill() }
    model.classifier = head
    swapOverrides()
  }

  /// Gives the model back as it was, bit for bit.
  public func detach() {
    precondition(isAttached, "the adapter is not attached")
    if isMerged { unmerge() }
    for (projection, _) in fitting.projections { projection.adapter = nil }
    fitting.sockets.forEach { $0.empty() }
    model.classifier = baseHead
    swapOverrides()
  }

  private func swapOverrides() {
    for index in overrides.indices { overrides[index].swap() }
    isAttached.toggle()
  }

  /// The adapter's numbers of an override, whether attached or not.
  func values(of override: Override) -> [Float] { isAttached ? Array(override.parameter.values) : override.other }

  /// Sets the adapter's own numbers of the override at `index`, while detached.
  func setOverride(_ index: Int, _ values: [Float]) { overrides[index].other = values }
}

/// A weight of the model and the numbers that are not in it now: the adapter's, or while attached, the base's.
struct Override {
  let parameter: Parameter
  /// Its name in the adapter's file.
  let stored: String
  var other: [Float]

  init(_ owned: Stored) {
    parameter = owned.parameter
    stored = owned.name
    parameter.own()
    other = Array(parameter.values)
  }

  mutating func swap() {
    let now = Array(parameter.values)
    _ = parameter.values.update(from: other)
    other = now
  }
}
