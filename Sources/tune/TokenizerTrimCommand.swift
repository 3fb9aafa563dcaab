import ArgumentParser
import Files
import Models
import Reporting
import Tokenizers

struct TokenizerTrimCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trim", abstract: "Copy a model with a smaller vocabulary: the pieces that serve some texts best.",
    discussion: """
      Special tokens and all single characters of the texts stay, so that every word that is known stays so. \
      The rows of the word embeddings go with their tokens; all other weights are as they were.
      """)

  @Argument(help: "A model folder with a WordPiece tokenizer.")
  var base: String
  @Option(
    name: .customLong("text"), parsing: .upToNextOption,
    help: "Files of text: .txt with one a line, or .jsonl; both may be .gz.")
  var files: [String]
  @OptionGroup var text: TextOption
  @Option(help: "How many tokens the copy has.")
  var size: Int
  @OptionGroup var output: OutputOption
  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let tokenizer = try WordPiece(folder: base)
    if isSameFile(base, output.path) {
      throw FileFault.unwritable(path: output.path, why: "it is the model that is to be trimmed; choose another folder")
    }
    try output.check()
    let words = try text.words(in: files) { $0.add($1, splitAs: tokenizer) }
    let ids = try tokenizer.bestTokens(size, for: words)
    let trimmed = try tokenizer.keeping(ids)
    let (before, after) = (tokenizer.fertility(of: words), trimmed.fertility(of: words))
    precondition(after.unknown == before.unknown, "trim: \(after.unknown - before.unknown) words became unknown")
    try replaceFolder(at: output.path) { folder in
      try trimModel(base, tokens: tokenizer.count, keeping: ids.map(Int.init), to: folder)
      try trimmed.save(to: folder)
    }
    if json {
      return try emit(
        [
          "output": .string(output.path), "before": before.json, "after": after.json,
          "vocabulary": ["before": .int(tokenizer.count), "after": .int(trimmed.count)],
        ], pretty: true)
    }
    try emit("pieces per word: \(fixed(before.piecesPerWord, 4)) before, \(fixed(after.piecesPerWord, 4)) after")
    try emit("unknown words: \(before.unknown) before, \(after.unknown) after")
    note("\(trimmed.count) of \(tokenizer.count) tokens: \(output.path)")
  }
}
