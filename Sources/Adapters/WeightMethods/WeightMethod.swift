/// A method of PEFT that is read and not trained: its adapters become changed matrices of the model.
import Autograd
import Encoders
import Files
import Kernels

/// The change of a projection's matrix: W [out, in] → W' [out, in].
typealias WeightChange = (_ w: DenseMatrix) throws -> DenseMatrix

/// To add the method X: `X: WeightMethod` in a file of its own, with the formula and its source; `init(_:)` reads the keys that
/// PEFT writes, and refuses those that change the result and are not honoured. Then `X.self` in `adapterMethods`
/// (AdapterFolder+Load.swift), the names of its tensors in `adapterParameters` (AdapterTensors.swift), a folder in
/// Tests/Fixtures/make_weight_methods.py, and a row in docs/methods.md.
protocol WeightMethod: ModuleMethod {
  /// PEFT's `bias`. Default: none.
  var bias: BiasMode { get }
  /// Reads the tensors of the adapter.
  /// - Parameter targets: the projections that the adapter changes.
  /// - Returns: the change of each target, which is used if no tensor is left over.
  /// - Throws: `AdapterFault` if a tensor is missing or does not fit.
  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange]
}

extension WeightMethod {
  static var trainableTokens: TrainableTokensForm? { nil }
  var bias: BiasMode { .none }

  func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    precondition(seed == nil, "\(Self.peftType) is not trained here")
    var injection = Injection()
    injection.changedProjections = try modules.projections(
      of: model, defaults: model.config.family.architecture.adapters.targets, strict: false)
    injection.replacedWeights = bias.replacedWeights(
      in: model, adapted: Set(injection.changedProjections.map(\.name)), modulesToSave: modulesToSave,
      prefix: Self.tensorPrefix)
    return injection
  }

  /// - Throws: always. What was read of the file is a changed matrix, and no longer the method's tensors.
  func configJSON(in model: TextModel) throws -> [String: JSON] {
    throw AdapterFault.unsupported(
      file: "adapter_config.json",
      problems: ["adapters of \(Self.peftType) are read and merged, not written. Merge it, or compress it to a LoRA."])
  }
}

extension Adapter {
  /// Sets the adapter's matrices of `projections` to the changed ones.
  /// - Throws: `AdapterFault` if a number of them is not finite.
  func change(_ projections: [Projection], by changes: [WeightChange], file: String) throws {
    for (projection, change) in zip(projections, changes) {
      let weight = try model.original(projection.weight)
      let changed = try change(withExtendedLifetime(weight) { DenseMatrix(weight.matrix) })
      guard changed.values.allSatisfy(\.isFinite) else {
        throw AdapterFault.unsupported(
          file: file,
          problems: ["the changed matrix of \(projection.name) has NaN or infinity. Restore the adapter's tensors."])
      }
      _ = set[projection.weight].values.update(fromContentsOf: changed.values)
    }
  }
}
