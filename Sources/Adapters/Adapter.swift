/// One adapter of one model: a method's `Injection`, a head, and own copies of some of the model's weights.
package import Autograd
package import Encoders

/// An adapter is an argument of a pass and does not change the model. Any number of adapters of a model can be used at
/// once:
/// ```swift
/// let adapter = try Adapter(folder: "ner", on: model)
/// let logits = model(batch, adapters: RowAdapters(adapter.set), Pass(workspace))
/// ```
/// Sendable: its properties never change. Its parameters are written, and the injection's hook and exports run, only
/// between training steps, on one thread.
package final class Adapter: @unchecked Sendable {
  package let method: any AdapterMethod
  /// What the adapter puts in place of parts of the model during a pass.
  package let set: AdapterSet
  let injection: Injection
  /// Trainable parameters of the head; none if it is tied to the word embeddings.
  let headParameters: [Parameter]
  /// The adapter's own copies of weights of the model, with their names in the adapter file.
  let replacedWeights: [SavedParameter]
  let model: TextModel
  /// How the adapter's files were read, for the user.
  package let notes: [String]

  /// A newly initialized adapter for `model`. Its output layers are a copy of the model's.
  /// - Parameter trainableTokens: ids of tokens whose embeddings it has copies of, which it trains.
  /// - Throws: faults of the method, such as `TargetFault`.
  package convenience init(
    _ method: some AdapterMethod, on model: TextModel, trainableTokens: [Int32] = [], seed: UInt64
  ) throws {
    if method is TrainableTokensConfig, trainableTokens.isEmpty { throw TargetFault.noTokens }
    self.init(
      method, on: model, try method.inject(into: model, seed: seed),
      head: model.headType.hasClassifier ? model.outputLayers.copy : nil, trainableTokens: trainableTokens)
  }

  /// An adapter of another head on the encoder of `other`'s model. All that it does to the encoder is `other`'s.
  /// - Throws: `TargetFault.head` if the method adapts modules of the head.
  package convenience init(_ method: some AdapterMethod, on model: TextModel, sharing other: Adapter) throws {
    var injection = try method.inject(into: model, seed: nil)
    for (injection, model) in [(injection, model), (other.injection, other.model)] {
      if let module = injection.projections.map(\.projection.name).first(where: model.headTransformModules.contains) {
        throw TargetFault.head(module)
      }
    }
    let own = Set(model.parameters.map(ObjectIdentifier.init))
    let others = Set(other.model.parameters.map(ObjectIdentifier.init))
    let ofHead = injection.replacedWeights.filter { !others.contains(ObjectIdentifier($0.parameter)) }
    injection = other.injection
    injection.replacedWeights.removeAll { !own.contains(ObjectIdentifier($0.parameter)) }
    injection.replacedWeights += ofHead
    self.init(method, on: model, injection, head: model.outputLayers.copy, sharing: other)
  }

  /// - Parameter head: the adapter's output layers; nil: the model's decoder, tied to the word embeddings.
  init(
    _ method: any AdapterMethod, on model: TextModel, _ injection: Injection, head: OutputLayers?,
    trainableTokens: [Int32] = [], sharing other: Adapter? = nil, notes: [String] = []
  ) {
    (self.method, self.model, self.injection, self.notes) = (method, model, injection, notes)
    headParameters = head?.parameters ?? []
    let headNames = headParameters.map(\.name)
    let replaced = injection.replacedWeights.filter { !headNames.contains($0.parameter.name) }
    let form = type(of: method).trainableTokens ?? .besideLoRA
    let rows =
      trainableTokens.isEmpty ? other?.tokenRows : TokenRows(trainableTokens, of: model, name: form.tensor)
    let set = AdapterSet(
      for: model, projections: injection.projections, residuals: injection.residuals,
      replacing: replaced.map(\.parameter) + injection.changedProjections.map(\.weight), head: head,
      virtualTokens: injection.virtualTokens,
      tokenRows: rows, sharing: other?.set)
    replacedWeights = replaced.map { SavedParameter(name: $0.name, parameter: set[$0.parameter]) }
    self.set = set
  }

  /// The adapter's classifier, which may have another number of classes than the base's. In a masked language model it
  /// is the base's decoder, tied to the word embeddings; an embedding model has none.
  package var head: Projection { self.set.head?.classifier ?? model.classifier }

  /// All trainable parameters: the injected ones, the head's, and the replaced weights.
  package var trainable: [Parameter] {
    injection.tensors.filter(\.isTrained).map(\.parameter) + injection.unsavedParameters
      + (tokenRows.map { [$0.rows] } ?? []) + headParameters + replacedWeights.map(\.parameter)
  }

  /// The trained rows of the word embeddings; nil: none.
  package var tokenRows: TokenRows? { self.set.tokenRows }

  /// Names of the replaced weights and of the head's weights.
  package var replacedAndHeadNames: Set<String> { Set((replacedWeights.map(\.parameter) + headParameters).map(\.name)) }

  /// Called around every training step; nil if the method needs no hook.
  package var hook: (any StepHook)? { injection.hook }

  /// How many parameters the adapter adds to the model, without the head and the replaced weights.
  package var addedParameterCount: Int {
    (injection.tensors.map(\.parameter) + injection.unsavedParameters).reduce(tokenRows?.rows.count ?? 0) {
      $0 + $1.count
    }
  }
}
