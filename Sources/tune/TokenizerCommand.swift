import ArgumentParser
import Files
import Tokenizers

/// What makes and judges vocabularies; how a text is cut is `TokenizeCommand`'s.
struct TokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer", abstract: "Train, trim and compare vocabularies.",
    subcommands: [TokenizerTrainCommand.self, TokenizerTrimCommand.self, TokenizerStatsCommand.self])

  /// What a folder that one of these commands has written holds.
  static let files = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "config.json",
    "model.safetensors",
  ]
}

/// Files of text, as all of these commands read them.
struct TextOption: ParsableArguments {
  @Option(
    name: .customLong("field"),
    help: "Of JSON lines: the member that is the text. May be given several times. Default: text.")
  var fields: [String] = []

  /// The words of the texts in `files`, as `add` splits them.
  /// - Throws: `VocabularyFault.noWords` where there are none.
  func words(in files: [String], _ add: (inout WordCounts, String) -> Void) throws -> WordCounts {
    var words = WordCounts()
    for file in files {
      try forEachText(in: file, fields: fields.isEmpty ? ["text"] : fields) { add(&words, $0) }
    }
    if words.total == 0 { throw VocabularyFault.noWords(files: files) }
    note("\(words.total) words, \(words.count) of them distinct")
    return words
  }
}

/// Where a command puts what it makes.
struct OutputOption: ParsableArguments {
  @Option(name: .customLong("output"), help: "The folder to write; it is written whole or not at all.")
  var path: String
  @Flag(help: "Replace what an earlier run of the command left in the output folder.")
  var overwrite = false

  func check() throws { try checkOutput(path, files: TokenizerCommand.files, overwrite: overwrite) }
}

extension Fertility {
  var json: JSON {
    [
      "words": .int(words), "pieces": .int(pieces), "pieces_per_word": .double(piecesPerWord),
      "whole_words": .double(singleTokenShare), "unknown_words": .double(unknownShare),
    ]
  }
}
