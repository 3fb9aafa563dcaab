/// PEFT's `TrainableTokensConfig`: trains rows of the word embeddings, and the head.
import Autograd
package import Encoders
package import Files

/// PEFT trains and saves the rows only. Here the head is trained too, as with every method, and saved beside them, where
/// PEFT reads it.
package struct TrainableTokensConfig: Sendable, Equatable {
  /// Only its `modulesToSave` are used.
  package var modules = ModuleChoice()
  /// Where a file has the rows; nil: in the input embeddings.
  private var target: String?

  package init() {}
}

extension TrainableTokensConfig: ModuleMethod {
  package static var peftType: String { "TRAINABLE_TOKENS" }
  package static var trainableTokens: TrainableTokensForm? { .alone }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    let embeddings = moduleName(of: model.wordEmbeddings.name)
    if let target, !isSuffix(target, of: embeddings) {
      throw TargetFault.nothingMatches(key: "target_modules", pattern: "\"\(target)\"", modules: [embeddings])
    }
    var injection = Injection()
    injection.replacedWeights = model.weights(of: modulesToSave, prefix: Self.tensorPrefix)
    return injection
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    ["init_weights": true, "target_modules": .string(moduleName(of: model.wordEmbeddings.name))]
  }

  package init(_ file: inout AdapterConfigReader) {
    file.ignore(["init_weights"])
    target =
      file[
        "target_modules", "the name of the word embeddings",
        { json in json.string ?? json.array.flatMap { $0.count == 1 ? $0[0].string : nil } }]
  }
}
