/// `tune tokenizer stats`: the fertility of vocabularies on texts.
import ArgumentParser
import Files
import Reporting
import Tokenization

struct TokenizerStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Compare vocabularies by tokens per word, single-token words and unknown words.",
    discussion: """
      Words are what BERT's pre-tokenizer produces; each punctuation mark is a word. Byte-level BPE is not supported.
      """)

  @Argument(help: "Text files: .txt with one text per line, or .jsonl; either may be .gz.", completion: .file())
  var files: [String]
  @OptionGroup var text: TextOption
  @Option(
    name: .customLong("vocabulary"), help: "A folder with a WordPiece tokenizer, or of a run. May be repeated.",
    completion: .directory)
  var folders: [String]
  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let rows = try folders.map { folder in
      let tokenizer = try WordPiece(folder: baseAndAdapter(folder).base)
      let words = try text.words(in: files) { $0.add($1, splitBy: tokenizer) }
      return (folder: folder, vocabularySize: tokenizer.count, fertility: tokenizer.fertility(of: words))
    }
    if json {
      return try emit(
        .array(
          rows.map { row in
            let vocabulary: [String: JSON] = [
              "vocabulary": .string(row.folder), "vocabulary_size": .int(row.vocabularySize),
            ]
            return .object(vocabulary.merging(row.fertility.json.object ?? [:]) { value, _ in value })
          }), pretty: true)
    }
    let lines = textTable(
      ["vocabulary", "size", "words", "tokens/word", "single-token words", "unknown"],
      rows.map { row in
        [
          row.folder, "\(row.vocabularySize)", "\(row.fertility.words)", fixed(row.fertility.tokensPerWord, 4),
          fixed(100 * row.fertility.singleTokenFraction, 2) + " %",
          fixed(100 * row.fertility.unknownFraction, 4) + " %",
        ]
      })
    for line in lines { try emit(line) }
  }
}
