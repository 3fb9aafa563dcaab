/// A linear probe: trains only the head.
import Autograd
package import Encoders
package import Files

/// PEFT does not have this method. The files have PEFT's format with the `peft_type` `HEAD`. A masked language model's
/// decoder is tied to the word embeddings and not trained, so `modulesToSave` must name something else.
package struct LinearProbe: Sendable, Equatable {
  /// Only its `modulesToSave` are used.
  package var modules = ModuleChoice()

  package init() {}
}

extension LinearProbe: ModuleMethod {
  package static var peftType: String { "HEAD" }
  package static var format: AdapterFormat { .tune }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    if !model.headType.hasClassifier, modulesToSave.isEmpty { throw TargetFault.nothingTrainable(method: "head") }
    if seed != nil { try modules.checkSaved(in: model, endings(of: model.projections.map(\.name))) }
    var injection = Injection()
    injection.replacedWeights = model.weights(of: modulesToSave, prefix: Self.tensorPrefix)
    return injection
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    ["modules_to_save": modules.modulesToSaveJSON(in: model)]
  }

  package init(_ file: inout AdapterConfigReader) { modules = ModuleChoice(&file) }
}
