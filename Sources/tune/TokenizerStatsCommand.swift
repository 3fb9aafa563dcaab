import ArgumentParser
import Files
import Reporting
import Tokenizers

struct TokenizerStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show how well vocabularies spell some texts.",
    discussion: "A word is what BERT splits a text into before it looks at the vocabulary; a punctuation mark is one.")

  @Argument(help: "Files of text: .txt with one a line, or .jsonl; both may be .gz.")
  var files: [String]
  @OptionGroup var text: TextOption
  @Option(name: .customLong("vocabulary"), help: "A folder with a WordPiece tokenizer. May be given several times.")
  var folders: [String]
  @Flag(help: "Print a JSON list.")
  var json = false

  func run() throws {
    let rows = try folders.map { folder in
      let tokenizer = try WordPiece(folder: folder)
      let words = try text.words(in: files) { $0.add($1, splitAs: tokenizer) }
      return (folder: folder, tokens: tokenizer.count, spelling: tokenizer.fertility(of: words))
    }
    if json {
      return try emit(
        .array(
          rows.map { row in
            let facts: [String: JSON] = ["vocabulary": .string(row.folder), "tokens": .int(row.tokens)]
            return .object(facts.merging(row.spelling.json.object ?? [:]) { own, _ in own })
          }), pretty: true)
    }
    let lines = textTable(
      ["vocabulary", "tokens", "words", "pieces/word", "in one piece", "unknown"],
      rows.map { row in
        [
          row.folder, "\(row.tokens)", "\(row.spelling.words)", fixed(row.spelling.piecesPerWord, 4),
          fixed(100 * row.spelling.singleTokenShare, 2) + " %", fixed(100 * row.spelling.unknownShare, 4) + " %",
        ]
      })
    for line in lines { try emit(line) }
  }
}
