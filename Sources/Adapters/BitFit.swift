/// Biases learn, and nothing else below the head (Ben Zaken et al. 2022).
import Autograd
public import Files
public import Models

/// PEFT has no such method (its LoRA with bias "all" trains A and B too), so that the file is in PEFT's form but of a
/// type of its own: `BITFIT`, the biases under their names.
public struct BitFit: Sendable, Equatable {
  public enum Biases: Sendable, Equatable {
    case all
    /// Those of the modules whose path equals or ends with one of these.
    case of([String])
  }

  public var biases = Biases.all
  /// Only what is saved whole.
  public var modules = ModuleChoice()

  public init() {}
}

extension BitFit: ModuleMethod {
  public static var peftType: String { "BITFIT" }
  public static var format: AdapterFormat { .tune }

  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    let names = model.parameters.map(\.name).filter { $0.hasSuffix(".bias") }.map { String($0.dropLast(".bias".count)) }
    if seed != nil {
      if case .of(let wanted) = biases {
        for end in wanted where !names.contains(where: { isSuffix(end, of: $0) }) {
          throw TargetFault.nothingMatches(key: "biases", wanted: "\"\(end)\"", modules: endings(of: names))
        }
      }
      try modules.checkSaved(in: model, endings(of: names))
    }
    var fitting = Injection()
    fitting.replacedWeights = model.parameters.filter { learns($0.name) || belongs($0.name, to: modulesToSave) }
      .map { SavedParameter(name: Self.tensorPrefix + $0.name, parameter: $0) }
    return fitting
  }

  private func learns(_ name: String) -> Bool {
    guard name.hasSuffix(".bias") else { return false }
    switch biases {
    case .all: return true
    case .of(let ends): return ends.contains { isSuffix($0 + ".bias", of: name) }
    }
  }

  public func configJSON(in model: TextModel) throws -> [String: JSON] {
    ["biases": biases.json, "modules_to_save": modules.modulesToSaveJSON]
  }

  public init(_ file: inout AdapterConfigReader) {
    biases = file["biases", "\"all\" or a list of names", Biases.init] ?? .all
    modules = ModuleChoice(&file)
  }
}

extension BitFit.Biases {
  public var json: JSON {
    switch self {
    case .all: "all"
    case .of(let names): .array(names.map(JSON.string))
    }
  }

  public init?(_ json: JSON) {
    if json == "all" {
      self = .all
    } else {
      guard let names = list(json, { $0.string }), !names.isEmpty else { return nil }
      self = .of(names)
    }
  }
}
