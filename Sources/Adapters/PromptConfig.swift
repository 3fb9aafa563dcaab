import Autograd
public import Files
/// Prompt tuning in PEFT's terms (Lester et al. 2021).
import Hashing
public import Models

public struct PromptConfig: Sendable, Equatable {
  /// What the tokens are at first: normal numbers; a text's pieces; words from chance.
  public enum Init: String, CaseIterable, Sendable { case random, text, sampleVocab = "sample_vocab" }

  public var numVirtualTokens = 20
  public var initialization = Init.random
  /// For `text`: repeated until there are enough pieces, and cut.
  public var text: String?
  /// Of `text`.
  private var textIDs: [Int32] = []
  /// Modules of a head that start from chance.
  private var newHeadModules: [String] = []

  public init() {}
}

extension PromptConfig: AdapterMethod {
  public static var peftType: String { "PROMPT_TUNING" }
  public static var tensorPrefix: String { "base_model." }
  public var modulesToSave: [String] { newHeadModules }
  public var virtualTokenCount: Int { numVirtualTokens }
  public mutating func addModulesToSave(_ modules: [String]) { newHeadModules += modules }
  public mutating func tokenizeTexts(_ pieces: (String) -> [Int32]) { self.textIDs = text.map(pieces) ?? [] }

  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    try VirtualTokenFault.check(numVirtualTokens, model)
    let prompt = PromptEmbedding(count: numVirtualTokens, width: model.config.hiddenSize)
    if let seed { fill(prompt.table, model, seed: seed) }
    var fitting = Injection()
    fitting.slots = [AdapterSlot(model, \.virtualTokens, prompt)]
    fitting.tensors = [SavedParameter(name: "prompt_embeddings", parameter: prompt.table)]
    fitting.replacedWeights = model.weights(of: newHeadModules, prefix: Self.tensorPrefix)
    return fitting
  }

  private func fill(_ table: Parameter, _ model: TextModel, seed: UInt64) {
    Initializer.normal(1).fill(table, seed: seed)
    let ids: [Int]
    switch initialization {
    case .random: return
    case .text: ids = textIDs.map(Int.init)
    case .sampleVocab:
      var chance = SplitMix64(seed: seed)
      ids = (0..<numVirtualTokens).map { _ in Int(chance.next() % UInt64(model.wordEmbeddings.rows)) }
    }
    guard !ids.isEmpty else { return }
    for row in 0..<numVirtualTokens {
      let word = model.wordEmbeddings.pointer + ids[row % ids.count] * table.columns
      (table.pointer + row * table.columns).update(from: word, count: table.columns)
    }
  }

  public func configJSON(in model: TextModel) throws -> [String: JSON] {
    var settings = promptLearningConfig(numVirtualTokens, model, saved: newHeadModules)
    settings["prompt_tuning_init"] = .string(initialization.rawValue.uppercased())
    settings["prompt_tuning_init_text"] = text.map(JSON.string) ?? .null
    for key in ["tokenizer_kwargs", "tokenizer_name_or_path"] { settings[key] = .null }
    return settings
  }

  public init(_ file: inout AdapterConfigReader) {
    numVirtualTokens = file.numVirtualTokens()
    initialization =
      file[
        "prompt_tuning_init", "\"RANDOM\", \"TEXT\" or \"SAMPLE_VOCAB\"",
        { $0.string.flatMap { Init(rawValue: $0.lowercased()) } }] ?? .random
    text = file["prompt_tuning_init_text", "a text", { $0.string }]
    newHeadModules = file.savedModules()
  }
}
