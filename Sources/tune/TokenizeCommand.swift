import ArgumentParser
import Files
import Tokenizers

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Show how a model's tokenizer cuts texts, special tokens included.",
    discussion: "With --json an input line may be {\"text\": …}, and offsets count Unicode code points.")

  @Argument(help: "The model's folder.")
  var model: String
  @Argument(help: "A file of texts, one a line, or - for standard input.")
  var file: String
  @Flag(help: "Print ids, tokens and offsets of every line as JSON.")
  var json = false

  func run() throws {
    let tokenizer = try WordPiece(folder: model)
    for (index, line) in try readLines(file).enumerated() {
      let text = json ? try Input(line: line, number: index + 1, file: file).text : line
      let encoding = tokenizer.encode(text, specials: true)
      guard json else {
        try emit(encoding.tokens.joined(separator: " "))
        continue
      }
      try emit([
        "ids": .array(encoding.ids.map { .int(Int($0)) }), "tokens": .array(encoding.tokens.map(JSON.string)),
        "offsets": .array(encoding.offsets.map { [.int($0.lowerBound), .int($0.upperBound)] }),
      ])
    }
  }
}
