/// `tune tokenizer trim`: a copy of a model with a smaller vocabulary.
import ArgumentParser
import Encoders
import Files
import ModelHub
import Reporting
import Tasks
import Tokenization

struct TokenizerTrimCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trim", abstract: "Copy a model with a smaller vocabulary: the most useful tokens for some texts.",
    discussion: """
      Special tokens and all single characters of the texts are kept, so that no word of the texts becomes unknown. \
      The word embeddings are reduced to the kept tokens; all other weights are unchanged.
      """)

  @Argument(
    help: "The folder of a model with a WordPiece tokenizer, or of a run in full, or a name on the Hub.",
    completion: .directory)
  var base: String
  @Option(
    name: .customLong("text"), parsing: .upToNextOption,
    help: "Text files: .txt with one text per line, or .jsonl; either may be .gz.", completion: .file())
  var files: [String]
  @OptionGroup var text: TextOption
  @Option(help: "Number of tokens in the copy.")
  var size: Int
  @OptionGroup var output: OutputOption
  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let base = try RunParts.model(modelFolder(base)), tokenizer = try WordPiece(folder: base)
    if isSameFile(base, output.path) {
      throw FileFault.unwritable(path: output.path, why: "it is the folder of the model to trim; choose another folder")
    }
    try output.check()
    let words = try text.words(in: files) { $0.add($1, splitBy: tokenizer) }
    let ids = try tokenizer.bestTokens(size, for: words)
    let trimmed = try tokenizer.trimmed(to: ids)
    let (before, after) = (tokenizer.fertility(of: words), trimmed.fertility(of: words))
    precondition(
      after.unknownWords == before.unknownWords,
      "trim: \(after.unknownWords - before.unknownWords) words became unknown")
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
    try emit("tokens per word: \(fixed(before.tokensPerWord, 4)) before, \(fixed(after.tokensPerWord, 4)) after")
    try emit("unknown words: \(before.unknownWords) before, \(after.unknownWords) after")
    note("\(trimmed.count) of \(tokenizer.count) tokens: \(output.path)")
  }
}
