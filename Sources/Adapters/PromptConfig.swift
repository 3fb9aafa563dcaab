/// The config of prompt tuning (Lester et al. 2021), as PEFT's `PromptTuningConfig`.
import Autograd
package import Encoders
package import Files
import Hashing

package struct PromptConfig: Sendable, Equatable {
  /// `prompt_tuning_init`: normal random numbers, the word embeddings of a text, or those of random tokens.
  package enum Init: String, CaseIterable, Sendable { case random, text, sampleVocab = "sample_vocab" }

  package var numVirtualTokens = 20
  package var initialization = Init.random
  /// `prompt_tuning_init_text`; its tokens are repeated or cut to `numVirtualTokens`.
  package var text: String?
  /// Token ids of `text`.
  private var textIDs: [Int32] = []
  /// Modules of a newly initialized head.
  private var newHeadModules: [String] = []

  package init() {}
}

extension PromptConfig: AdapterMethod {
  package static var peftType: String { "PROMPT_TUNING" }
  package static var tensorPrefix: String { "base_model." }
  /// The second name of saved word embeddings: PEFT computes prompts with a copy of its own.
  static let wordEmbeddings = "word_embeddings.weight"
  package var modulesToSave: [String] { newHeadModules }
  package var virtualTokenCount: Int { numVirtualTokens }
  package mutating func addModulesToSave(_ modules: [String]) { newHeadModules += modules }
  package mutating func tokenizeTexts(_ tokenize: (String) -> [Int32]) { textIDs = text.map(tokenize) ?? [] }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    try VirtualTokenFault.check(numVirtualTokens, model)
    let prompt = PromptEmbedding(count: numVirtualTokens, size: model.config.embeddingSize)
    if let seed { initialize(prompt.embedding, model, seed: seed) }
    var injection = Injection()
    injection.virtualTokens = prompt
    injection.tensors = [SavedParameter(name: "prompt_embeddings", parameter: prompt.embedding)]
    injection.replacedWeights = model.weights(of: newHeadModules, prefix: Self.tensorPrefix)
    return injection
  }

  private func initialize(_ embedding: Parameter, _ model: TextModel, seed: UInt64) {
    Initializer.normal(1).fill(embedding, seed: seed)
    let ids: [Int]
    switch initialization {
    case .random: return
    case .text: ids = textIDs.map(Int.init)
    case .sampleVocab:
      var generator = SplitMix64(seed: seed)
      ids = (0..<numVirtualTokens).map { _ in Int(generator.next() % UInt64(model.wordEmbeddings.rows)) }
    }
    guard !ids.isEmpty else { return }
    for row in 0..<numVirtualTokens {
      let wordEmbedding = model.wordEmbeddings.pointer + ids[row % ids.count] * embedding.columns
      (embedding.pointer + row * embedding.columns).update(from: wordEmbedding, count: embedding.columns)
    }
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    var settings = promptLearningConfig(numVirtualTokens, model, modulesToSave: newHeadModules)
    settings["token_dim"] = .int(model.config.embeddingSize)
    settings["prompt_tuning_init"] = .string(initialization.rawValue.uppercased())
    settings["prompt_tuning_init_text"] = text.map(JSON.string) ?? .null
    for key in ["tokenizer_kwargs", "tokenizer_name_or_path"] { settings[key] = .null }
    return settings
  }

  package init(_ file: inout AdapterConfigReader) {
    numVirtualTokens = file.numVirtualTokens()
    initialization =
      file[
        "prompt_tuning_init", "\"RANDOM\", \"TEXT\" or \"SAMPLE_VOCAB\"",
        { $0.string.flatMap { Init(rawValue: $0.lowercased()) } }] ?? .random
    text = file["prompt_tuning_init_text", "a string", { $0.string }]
    file.ignore(["tokenizer_kwargs", "tokenizer_name_or_path"])
    newHeadModules = file.modulesToSave()
  }
}
