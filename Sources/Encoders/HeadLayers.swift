/// The layers of a head besides its linear layer: those of a token classifier, and the pooling of an embedding model.

/// ```
/// hidden states of all layers ─ scalar mix ─▶ [n, d] ─ LSTM ─▶ [n, 2h] ─ linear ─▶ emissions [n, c] ─ CRF ─▶ tags
/// ```
/// Each of mix, LSTM and CRF may be missing. An LSTM and a CRF read the first tokens of words only.
package struct HeadLayers: Sendable, Hashable {
  /// How the tags of a text are chosen.
  package enum Decoder: String, Sendable, CaseIterable, Codable {
    /// Each word's by itself.
    case softmax
    /// All of them together, by a linear-chain CRF (Lafferty et al. 2001).
    case crf
  }

  package struct LSTM: Sendable, Hashable {
    /// Units per direction.
    package var hiddenSize: Int
    package var layers: Int

    package init(hiddenSize: Int, layers: Int = 1) { (self.hiddenSize, self.layers) = (hiddenSize, layers) }
  }

  /// Limits of the sizes of an LSTM, so that a damaged file cannot ask for any amount of memory.
  package static let sizes = (hidden: 1...4096, layers: 1...8)

  package var decoder = Decoder.softmax
  /// A bidirectional LSTM; nil: none.
  package var lstm: LSTM?
  /// Whether a learned weighted sum of all hidden states stands for the last (Peters et al. 2018).
  package var mixesStates = false
  /// How an embedding model makes one vector of a text.
  package var pooling = Pooling()

  package init() {}

  /// Whether the head reads the first tokens of words only, in the order of the text.
  package var readsWords: Bool { decoder == .crf || lstm != nil }

  /// Names of their modules, and of the linear layer above an LSTM, which has other inputs than transformers' classifier.
  static let mix = "scalar_mix", lstm = "lstm", lstmOutput = "hidden2tag", chain = "crf"

  /// Whether a weight of a checkpoint belongs to such a layer.
  package static func owns(_ weight: String) -> Bool {
    [mix, lstm, lstmOutput, chain].contains { weight.hasPrefix($0 + ".") }
  }
}

extension HeadLayers: Codable {
  private enum Key: String, CodingKey {
    case decoder
    case hiddenSize = "lstm_hidden_size"
    case layers = "lstm_layers"
    case mix = "scalar_mix"
  }

  package init(from decoder: any Swift.Decoder) throws {
    let file = try decoder.container(keyedBy: Key.self)
    func size(_ key: Key, _ range: ClosedRange<Int>) throws -> Int? {
      let value = try file.decodeIfPresent(Int.self, forKey: key)
      if let value, !range.contains(value) {
        throw DecodingError.dataCorruptedError(forKey: key, in: file, debugDescription: "\(value) is not in \(range)")
      }
      return value
    }
    self.decoder = try file.decodeIfPresent(Decoder.self, forKey: .decoder) ?? .softmax
    lstm = try size(.hiddenSize, Self.sizes.hidden).map {
      LSTM(hiddenSize: $0, layers: try size(.layers, Self.sizes.layers) ?? 1)
    }
    mixesStates = try file.decodeIfPresent(Bool.self, forKey: .mix) ?? false
  }

  package func encode(to encoder: any Encoder) throws {
    var file = encoder.container(keyedBy: Key.self)
    try file.encode(decoder, forKey: .decoder)
    try file.encodeIfPresent(lstm?.hiddenSize, forKey: .hiddenSize)
    try file.encodeIfPresent(lstm?.layers, forKey: .layers)
    try file.encode(mixesStates, forKey: .mix)
  }
}
