/// From words to what the model reads: pieces, special tokens, windows, packed batches.
public import Models
import Synchronization
public import Tokenizers

/// A tokenizer and a window that do not fit a model.
public enum TextTokenizerFault: Error, CustomStringConvertible {
  case maxLength(Int, limit: Int, reserved: Int)
  case vocabulary(tokenizer: Int, model: Int)
  case stride(Int, maxLength: Int)

  public var description: String {
    switch self {
    case .maxLength(_, let limit, let reserved) where limit < 8:
      "The adapter takes \(reserved) of the model's \(limit + reserved) positions; a sequence needs 8 at least."
    case .maxLength(let found, let limit, let reserved):
      "max_length is \(found); it must be at least 8, and this model reads at most \(limit) tokens at once"
        + (reserved > 0 ? " beside the adapter's \(reserved)." : ".")
    case .stride(let stride, let maxLength):
      "stride is \(stride); it must be from 0 to below half of max_length, which is \(maxLength)."
    case .vocabulary(let tokenizer, let model):
      "The tokenizer has \(tokenizer) tokens, config.json's 'vocab_size' is \(model): they do not belong together."
    }
  }
}

/// A tokenizer with the limits of one model.
public struct TextTokenizer: Sendable {
  public let tokenizer: WordPiece
  /// Tokens of a window, [CLS] and [SEP] included, and how many pieces neighbours share.
  public let maxLength, stride: Int

  /// - Parameters:
  ///   - maxLength: nil for as much as the model reads, at most 512.
  ///   - stride: nil for a quarter of the window; less than half of it.
  ///   - reserved: positions that an adapter takes of every sequence.
  /// - Throws: `EncoderFault` where the tokenizer, the window and the model do not fit.
  public init(
    _ tokenizer: WordPiece, _ config: ModelConfig, maxLength: Int? = nil, stride: Int? = nil, reserved: Int = 0
  ) throws {
    guard tokenizer.count <= config.vocabSize else {
      throw TextTokenizerFault.vocabulary(tokenizer: tokenizer.count, model: config.vocabSize)
    }
    let limit = config.maxPositionEmbeddings - reserved
    let length = maxLength ?? min(512, limit)
    guard (8...max(8, limit)).contains(length), length <= limit else {
      throw TextTokenizerFault.maxLength(length, limit: limit, reserved: reserved)
    }
    self.tokenizer = tokenizer
    self.maxLength = length
    self.stride = stride ?? length / 4
    guard self.stride >= 0, self.stride * 2 < length else {
      throw TextTokenizerFault.stride(self.stride, maxLength: length)
    }
  }

  /// Pieces of words that are split already. A word without any piece (control characters only) becomes [UNK].
  public func tokenize(_ words: [String]) -> TokenizedWords {
    var result = TokenizedWords()
    for word in words {
      let pieces = tokenizer.pieces(ofWord: word)
      result.append(word: pieces.isEmpty ? [tokenizer.unk] : pieces)
    }
    return result
  }

  public func windows(_ text: TokenizedWords) -> [Window] {
    splitIntoWindows(text, limit: maxLength - 2, stride: stride)
  }

  /// [CLS] pieces [SEP]
  public func ids(_ text: TokenizedWords, _ window: Window) -> [Int32] {
    [tokenizer.cls] + text.ids[window.tokens] + [tokenizer.sep]
  }
}

/// Groups sequences of similar length into batches of about `tokens` tokens: work of equal size for the threads.
func lengthGroups(lengths: [Int], tokens: Int) -> [[Int]] {
  var result: [[Int]] = [], load = 0
  for index in lengths.indices.sorted(by: { (lengths[$0], $0) > (lengths[$1], $1) }) {
    if result.isEmpty || load + lengths[index] > tokens {
      result.append([])
      load = 0
    }
    result[result.count - 1].append(index)
    load += lengths[index]
  }
  return result
}

/// One result for each index, written by several threads.
final class Results<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ value: Value) { values.withLock { $0[index] = value } }

  var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}

extension TextTokenizer {
  /// Words of running text, split where the tokenizer splits (blanks and punctuation): their pieces, and the code points
  /// that each covers in the original text.
  public func words(of text: String) -> (pieces: TokenizedWords, words: [Range<Int>]) {
    let encoding = tokenizer.encode(text, specials: false)
    var pieces = TokenizedWords(), words: [Range<Int>] = []
    for (index, token) in encoding.tokens.enumerated() {
      let place = encoding.offsets[index]
      if token.hasPrefix("##"), let word = words.last {
        pieces.ids.append(encoding.ids[index])
        words[words.count - 1] = word.lowerBound..<place.upperBound
      } else {
        pieces.append(word: [encoding.ids[index]])
        words.append(place)
      }
    }
    return (pieces, words)
  }
}
