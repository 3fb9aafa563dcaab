/// The head learns, and nothing below it: a linear probe.
import Autograd
public import Files
public import Models

/// PEFT has no such method, so that the file is in PEFT's form but of a type of its own: `HEAD`. Where the classifier
/// is the table of words, something else must be given to learn.
public struct HeadTraining: Sendable, Equatable {
  /// Only what is saved whole.
  public var modules = ModuleChoice()

  public init() {}
}

extension HeadTraining: ModuleMethod {
  public static var peftType: String { "HEAD" }
  public static var format: AdapterFormat { .own }

  public func fit(_ model: TextModel, seed: UInt64?) throws -> Fitting {
    if model.kind == .masked, modulesToSave.isEmpty { throw TargetFault.nothingLearns(method: "head") }
    if seed != nil { try modules.checkSaved(in: model, endings(of: model.projections.map(\.name))) }
    var fitting = Fitting()
    fitting.owned = model.weights(of: modulesToSave, prefix: Self.prefix)
    return fitting
  }

  public func settings(in model: TextModel) throws -> [String: JSON] { ["modules_to_save": modules.saved] }

  public init(_ file: inout SettingsReader) { modules = ModuleChoice(&file) }
}
