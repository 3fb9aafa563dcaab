/// Prepares text for a model: tokens, special tokens, windows and batches of similar length.
package import Encoders
package import Tokenization

/// A tokenizer or window that does not match the model.
package enum TextTokenizerFault: Error, CustomStringConvertible {
  case maxLength(Int, limit: Int, reserved: Int)
  case vocabulary(tokenizer: Int, model: Int)
  case stride(Int, maxLength: Int)

  package var description: String {
    switch self {
    case .maxLength(_, let limit, let reserved) where limit < 8:
      "The adapter takes \(reserved) of the model's \(limit + reserved) positions; a sequence needs at least 8."
    case .maxLength(let found, let limit, let reserved):
      "max_length is \(found); it must be at least 8, and this model accepts at most \(limit) tokens"
        + (reserved > 0 ? " in addition to the adapter's \(reserved) virtual tokens." : ".")
    case .stride(let stride, let maxLength):
      "stride is \(stride); it must be at least 0 and less than half of max_length, which is \(maxLength)."
    case .vocabulary(let tokenizer, let model):
      "The tokenizer has \(tokenizer) tokens, but config.json's 'vocab_size' is \(model). "
        + "Does the tokenizer belong to this model?"
    }
  }
}

/// A tokenizer with the window limits of one model.
package struct TextTokenizer: Sendable {
  package let tokenizer: any Tokenizer
  /// Tokens per window, including [CLS] and [SEP], and how many tokens adjacent windows share.
  package let maxLength, stride: Int
  /// The most tokens that the model accepts.
  private let limit: Int
  private static let defaultMaxLength = 512

  /// For notes on long texts: what the default leaves unused.
  var unusedLength: String {
    maxLength == Self.defaultMaxLength && limit > maxLength
      ? "; this model accepts up to \(limit) tokens (data.max_length)" : ""
  }

  /// - Parameters:
  ///   - maxLength: nil for the model's limit, at most 512.
  ///   - stride: less than half of the window; nil for a quarter of it.
  ///   - reserved: positions that an adapter takes in every sequence.
  /// - Throws: `TextTokenizerFault` if the tokenizer or the window does not match the model.
  package init(
    _ tokenizer: any Tokenizer, _ config: ModelConfig, maxLength: Int? = nil, stride: Int? = nil, reserved: Int = 0
  ) throws {
    guard tokenizer.count <= config.vocabSize else {
      throw TextTokenizerFault.vocabulary(tokenizer: tokenizer.count, model: config.vocabSize)
    }
    let limit = config.maxSequenceLength - reserved
    let length = maxLength ?? min(Self.defaultMaxLength, limit)
    guard (8...max(8, limit)).contains(length), length <= limit else {
      throw TextTokenizerFault.maxLength(length, limit: limit, reserved: reserved)
    }
    self.tokenizer = tokenizer
    (self.maxLength, self.limit) = (length, limit)
    self.stride = stride ?? length / 4
    guard self.stride >= 0, self.stride * 2 < length else {
      throw TextTokenizerFault.stride(self.stride, maxLength: length)
    }
  }

  /// Tokenizes a text that is already split into words. A word without tokens (only control characters) becomes [UNK].
  package func tokenize(_ words: [String]) -> TokenizedWords {
    var result = TokenizedWords()
    for word in words {
      let ids = tokenizer.ids(ofWord: word)
      result.append(word: ids.isEmpty ? [tokenizer.unk] : ids)
    }
    return result
  }

  package func windows(_ text: TokenizedWords) -> [Window] {
    splitIntoWindows(text, limit: room(texts: 1), stride: stride)
  }

  /// The ids of a window: [CLS] tokens [SEP].
  package func ids(_ text: TokenizedWords, _ window: Window) -> [Int32] { join(text.ids[window.tokens], nil).ids }

  /// How many tokens of one text or two fit in a sequence, besides special tokens.
  func room(texts: Int) -> Int {
    let template = tokenizer.template
    return maxLength - template.before.count - template.after.count - (texts == 2 ? template.between.count : 0)
  }
}

extension TextTokenizer {
  /// Splits running text into words as the pre-tokenizer does.
  /// - Returns: the text's tokens, and the code points of the original text that each word covers.
  package func words(of text: String) -> (tokens: TokenizedWords, words: [Range<Int>]) {
    let (encoding, words) = tokenizer.words(of: text)
    return (TokenizedWords(ids: encoding.ids, wordStarts: words.map(\.token)), words.map(\.range))
  }
}
