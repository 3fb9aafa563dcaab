/// The head learns, and nothing below it: a linear probe.
import Autograd
public import Files
public import Models

/// PEFT has no such method, so that the file is in PEFT's form but of a type of its own: `HEAD`. Where the classifier
/// is the table of words, something else must be given to learn.
public struct LinearProbe: Sendable, Equatable {
  /// Only what is saved whole.
  public var modules = ModuleChoice()

  public init() {}
}

extension LinearProbe: ModuleMethod {
  public static var peftType: String { "HEAD" }
  public static var format: AdapterFormat { .tune }

  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    if model.headType == .maskedLM, modulesToSave.isEmpty { throw TargetFault.nothingLearns(method: "head") }
    if seed != nil { try modules.checkSaved(in: model, endings(of: model.projections.map(\.name))) }
    var fitting = Injection()
    fitting.replacedWeights = model.weights(of: modulesToSave, prefix: Self.tensorPrefix)
    return fitting
  }

  public func configJSON(in model: TextModel) throws -> [String: JSON] {
    ["modules_to_save": modules.modulesToSaveJSON]
  }

  public init(_ file: inout AdapterConfigReader) { modules = ModuleChoice(&file) }
}
