/// Prompt tuning in PEFT's terms (Lester et al. 2021).
import Autograd
public import Files
public import Models

public struct PromptConfig: Sendable, Equatable {
  /// What the tokens are at first: normal numbers; a text's pieces; words from chance.
  public enum Init: String, CaseIterable, Sendable { case random, text, sampleVocab = "sample_vocab" }

  public var virtualTokens = 20
  public var start = Init.random
  /// For `text`: repeated until there are enough pieces, and cut.
  public var text: String?
  /// Of `text`.
  private var pieces: [Int32] = []
  /// Modules of a head that start from chance.
  private var modulesOfHead: [String] = []

  public init() {}
}

extension PromptConfig: AdapterMethod {
  public static var peftType: String { "PROMPT_TUNING" }
  public static var prefix: String { "base_model." }
  public var modulesToSave: [String] { modulesOfHead }
  public var positions: Int { virtualTokens }
  public mutating func learnWhole(_ modules: [String]) { modulesOfHead += modules }
  public mutating func readTexts(_ pieces: (String) -> [Int32]) { self.pieces = text.map(pieces) ?? [] }

  public func fit(_ model: TextModel, seed: UInt64?) throws -> Fitting {
    try PrefaceFault.check(virtualTokens, model)
    let prompt = Prompt(count: virtualTokens, width: model.config.width)
    if let seed { fill(prompt.table, model, seed: seed) }
    var fitting = Fitting()
    fitting.sockets = [Socket(model, \.preface, prompt)]
    fitting.tensors = [Stored(name: "prompt_embeddings", parameter: prompt.table)]
    fitting.owned = model.weights(of: modulesOfHead, prefix: Self.prefix)
    return fitting
  }

  private func fill(_ table: Parameter, _ model: TextModel, seed: UInt64) {
    Start.normal(1).fill(table, seed: seed)
    let ids: [Int]
    switch start {
    case .random: return
    case .text: ids = pieces.map(Int.init)
    case .sampleVocab:
      var chance = SplitMix64(seed: seed)
      ids = (0..<virtualTokens).map { _ in Int(chance.next() % UInt64(model.words.rows)) }
    }
    guard !ids.isEmpty else { return }
    for row in 0..<virtualTokens {
      let word = model.words.pointer + ids[row % ids.count] * table.columns
      (table.pointer + row * table.columns).update(from: word, count: table.columns)
    }
  }

  public func settings(in model: TextModel) throws -> [String: JSON] {
    var settings = prefaceSettings(virtualTokens, model, saved: modulesOfHead)
    settings["prompt_tuning_init"] = .string(start.rawValue.uppercased())
    settings["prompt_tuning_init_text"] = text.map(JSON.string) ?? .null
    for key in ["tokenizer_kwargs", "tokenizer_name_or_path"] { settings[key] = .null }
    return settings
  }

  public init(_ file: inout SettingsReader) {
    virtualTokens = file.virtualTokens()
    start =
      file[
        "prompt_tuning_init", "\"RANDOM\", \"TEXT\" or \"SAMPLE_VOCAB\"",
        { $0.string.flatMap { Init(rawValue: $0.lowercased()) } }] ?? .random
    text = file["prompt_tuning_init_text", "a text", { $0.string }]
    modulesOfHead = file.savedModules()
  }
}
