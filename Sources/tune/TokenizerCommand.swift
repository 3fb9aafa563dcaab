/// `tune tokenizer`: trains, trims and compares vocabularies. `tune tokenize` tokenizes texts.
import ArgumentParser
import Files
import Tokenization

struct TokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer", abstract: "Train, trim and compare vocabularies.",
    subcommands: [TokenizerTrainCommand.self, TokenizerTrimCommand.self, TokenizerStatsCommand.self])

  /// The files that these commands write.
  static let files = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "config.json",
    "model.safetensors",
  ]
}

/// The option for text files that these commands share.
struct TextOption: ParsableArguments {
  @Option(
    name: .customLong("field"),
    help: "JSON lines: a key whose value is text. May be repeated. Default: text.")
  var fields: [String] = []

  /// Counts the words of the texts in `files`, as `add` splits them.
  /// - Throws: `VocabularyFault.noWords` if there are none; the errors of reading the files.
  func words(in files: [String], _ add: (inout WordCounts, String) -> Void) throws -> WordCounts {
    var words = WordCounts()
    for file in files {
      try forEachPart(in: file, fields: fields) { add(&words, $0.text) }
    }
    if words.total == 0 { throw VocabularyFault.noWords(files: files) }
    note("\(words.total) words, \(words.count) distinct")
    return words
  }
}

/// The output folder of a command.
struct OutputOption: ParsableArguments {
  @Option(
    name: .customLong("output"), help: "The output folder. It is written completely or not at all.",
    completion: .directory)
  var path: String
  @Flag(help: "Replace the files of an earlier run of the command.")
  var overwrite = false

  func check() throws {
    recoverFolder(at: path)
    try checkOutput(path, files: TokenizerCommand.files, overwrite: overwrite)
  }
}

extension Fertility {
  var json: JSON {
    [
      "words": .int(words), "tokens": .int(tokens), "tokens_per_word": .double(tokensPerWord),
      "single_token_words": .double(singleTokenFraction), "unknown_words": .double(unknownFraction),
    ]
  }
}
