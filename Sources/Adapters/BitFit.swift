/// BitFit: trains only the biases and the head (Ben Zaken et al. 2022).
import Autograd
package import Encoders
package import Files

/// PEFT does not have this method: its LoRA with bias "all" also trains A and B. The files have PEFT's format with the
/// `peft_type` `BITFIT`; each bias is saved under its name in the model.
package struct BitFit: Sendable, Equatable {
  package enum Biases: Sendable, Equatable {
    case all
    /// Biases of the modules with these names or name suffixes.
    case of([String])
  }

  package var biases = Biases.all
  /// Only its `modulesToSave` are used.
  package var modules = ModuleChoice()

  package init() {}
}

extension BitFit: ModuleMethod {
  package static var peftType: String { "BITFIT" }
  package static var format: AdapterFormat { .tune }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    let names = model.parameters.map(\.name).filter { $0.hasSuffix(".bias") }.map { String($0.dropLast(".bias".count)) }
    if seed != nil {
      if case .of(let suffixes) = biases {
        for suffix in suffixes where !names.contains(where: { isSuffix(suffix, of: $0) }) {
          throw TargetFault.nothingMatches(key: "biases", pattern: "\"\(suffix)\"", modules: endings(of: names))
        }
      }
      try modules.checkSaved(in: model, endings(of: names))
    }
    var injection = Injection()
    injection.replacedWeights = model.parameters.filter { isTrained($0.name) || belongs($0.name, to: modulesToSave) }
      .map { SavedParameter(name: Self.tensorPrefix + $0.name, parameter: $0) }
    return injection
  }

  private func isTrained(_ name: String) -> Bool {
    guard name.hasSuffix(".bias") else { return false }
    switch biases {
    case .all: return true
    case .of(let suffixes): return suffixes.contains { isSuffix($0 + ".bias", of: name) }
    }
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    ["biases": biases.json, "modules_to_save": modules.modulesToSaveJSON(in: model)]
  }

  package init(_ file: inout AdapterConfigReader) {
    biases = file["biases", "\"all\" or a list of names", Biases.init] ?? .all
    modules = ModuleChoice(&file)
  }
}

extension BitFit.Biases {
  package var json: JSON {
    switch self {
    case .all: "all"
    case .of(let names): .array(names.map(JSON.string))
    }
  }

  package init?(_ json: JSON) {
    if json == "all" {
      self = .all
    } else {
      guard let names = list(json, { $0.string }), !names.isEmpty else { return nil }
      self = .of(names)
    }
  }
}
