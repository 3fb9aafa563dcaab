/// `tune tokenizer train`: a WordPiece vocabulary from text.
import ArgumentParser
import Files
import Reporting
import Tokenization

struct TokenizerTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a WordPiece vocabulary on text, and write a tokenizer folder.",
    discussion: "The result is deterministic. transformers' AutoTokenizer loads the folder.")

  @Argument(help: "Text files: .txt with one text per line, or .jsonl; either may be .gz.", completion: .file())
  var files: [String]
  @OptionGroup var text: TextOption
  @Option(help: "Number of tokens, including the five special ones.")
  var size: Int
  @OptionGroup var output: OutputOption
  @Flag(help: "Keep case and accents; by default text is lowercased and accents are removed.")
  var cased = false
  @Option(help: "Merge only pairs that occur at least this often.")
  var minFrequency = 2
  @Option(help: "Maximum number of characters. If the text has more, words with the rarest ones become unknown.")
  var alphabet = 1000
  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if minFrequency < 0 { throw ValidationError("--min-frequency must be 0 or more.") }
    if alphabet < 1 { throw ValidationError("--alphabet must be 1 or more.") }
  }

  func run() throws {
    try output.check()
    let words = try text.words(in: files) { $0.add($1, lowercase: !cased) }
    let trainer = VocabularyTrainer(size: size, minFrequency: minFrequency, limitAlphabet: alphabet)
    let tokenizer = try WordPiece(vocabulary: trainer.tokens(for: words), lowercase: !cased)
    let fertility = tokenizer.fertility(of: words)
    try replaceFolder(at: output.path) { try tokenizer.save(to: $0) }
    if json {
      return try emit(
        ["output": .string(output.path), "vocabulary_size": .int(tokenizer.count), "fertility": fertility.json],
        pretty: true
      )
    }
    try emit("\(tokenizer.count) tokens; \(fixed(fertility.tokensPerWord, 4)) tokens per word")
    if tokenizer.count < size { note("fewer than \(size) tokens: no other pair occurs \(max(minFrequency, 1)) times") }
    note(output.path)
  }
}
