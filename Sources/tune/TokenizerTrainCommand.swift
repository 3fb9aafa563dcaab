import ArgumentParser
import Files
import Reporting
import Tokenizers

struct TokenizerTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Learn a WordPiece vocabulary from text, and write a tokenizer's folder.",
    discussion: "The same text gives the same bytes. transformers' AutoTokenizer loads the folder.")

  @Argument(help: "Files of text: .txt with one a line, or .jsonl; both may be .gz.")
  var files: [String]
  @OptionGroup var text: TextOption
  @Option(help: "How many tokens, the five special ones included.")
  var size: Int
  @OptionGroup var output: OutputOption
  @Flag(help: "Tell upper case from lower, and keep accents.")
  var cased = false
  @Option(help: "Join only pieces that occur together at least so often.")
  var minFrequency = 2
  @Option(help: "Characters at most; of a text with more, the rarest are unknown.")
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
    let trainer = VocabularyTrainer(size: size, minFrequency: minFrequency, alphabet: alphabet)
    let tokenizer = try WordPiece(vocabulary: trainer.tokens(for: words), lowercase: !cased)
    let spelling = tokenizer.fertility(of: words)
    try replaceFolder(at: output.path) { try tokenizer.save(to: $0) }
    if json {
      return try emit(
        ["output": .string(output.path), "vocabulary": .int(tokenizer.count), "spelling": spelling.json], pretty: true)
    }
    try emit("\(tokenizer.count) tokens, \(fixed(spelling.piecesPerWord, 4)) pieces per word")
    if tokenizer.count < size { note("fewer than \(size): no other pair occurs \(max(minFrequency, 1)) times") }
    note(output.path)
  }
}
