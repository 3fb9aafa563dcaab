/// Which rows of the word embeddings an adapter trains, and how PEFT's files say it.
import Autograd
import Encoders
import Files

/// How the files of a method have trainable tokens. Those of a method that PEFT gives none have the whole matrix of word
/// embeddings among the `modules_to_save`, which PEFT reads.
package struct TrainableTokensForm: Sendable {
  /// The key with the tokens' ids in adapter_config.json.
  let key: String
  /// The tensor's name after the word embeddings' module.
  let tensor: String

  /// Beside LoRA.
  static let besideLoRA = Self(key: "trainable_token_indices", tensor: "token_adapter.trainable_tokens_delta")
  /// The method `TRAINABLE_TOKENS`.
  static let alone = Self(key: "token_indices", tensor: "trainable_tokens_delta")
}

/// The tokens that an adapter_config.json names.
struct TrainableTokens {
  let ids: [Int32]
  /// The module of the embeddings; nil: the input embeddings.
  private let module: String?

  /// A list of ids, or an object with a module's name and its ids.
  init?(_ json: JSON) {
    let named = json.object.flatMap { $0.count == 1 ? $0.first : nil }
    guard let ids = list(named?.value ?? json, { $0.int.flatMap { $0 < 0 ? nil : Int32(exactly: $0) } }) else {
      return nil
    }
    (self.ids, module) = (ids, named?.key)
  }

  /// - Throws: `AdapterFault` if these are not rows of the model's word embeddings.
  func check(_ model: TextModel, _ file: String) throws(AdapterFault) {
    let embeddings = moduleName(of: model.wordEmbeddings.name)
    if let module, !isSuffix(module, of: embeddings) {
      throw .unsupported(
        file: file, problems: ["it trains tokens of '\(module)'; only those of \(embeddings) are supported."])
    }
    if let id = ids.first(where: { $0 >= model.wordEmbeddings.rows }) {
      throw .unsupported(
        file: file,
        problems: [
          "it trains the token \(id), but the base has \(model.wordEmbeddings.rows) tokens, and the adapter's folder has no "
            + "tokenizer with more. Save the tokenizer with the new tokens in it (save_pretrained)."
        ])
    }
  }
}
