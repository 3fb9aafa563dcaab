/// `tune tokenize`: the tokens of texts.
import ArgumentParser
import Datasets
import Files
import Tasks
import Tokenization

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Tokenize texts with a model's tokenizer, including special tokens.",
    discussion: "With --json, an input line may be {\"text\": …}. Offsets count Unicode code points.")

  @Argument(help: "The folder of a model or a run, or a model's name on the Hub.", completion: .directory)
  var model: String
  @Argument(help: "A file with one text per line, or - for standard input.", completion: .file())
  var file: String
  @Flag(help: "Print ids, tokens and offsets of every line as JSON.")
  var json = false

  func run() throws {
    let (base, adapter) = try baseAndAdapter(model), settings = try adapter.flatMap { try TuneJSON(folder: $0) }
    let (tokenizer, _) = try loadTokenizer(adapter: adapter, base: base, settings?.tokenizerOverrides ?? .init())
    let lines = try LineReader(file)
    while case let batch = try lines.next(atMost: 512), !batch.isEmpty {
      let rows = try batch.map { line in
        row(tokenizer.encode(try json ? PredictInput(line).records[0].texts[0] : line.text(), addSpecialTokens: true))
      }
      try emit(rows.joined(separator: "\n"))
    }
  }

  private func row(_ encoding: Encoding) -> String {
    guard json else { return encoding.tokens.joined(separator: " ") }
    let object: JSON = [
      "ids": .array(encoding.ids.map { .int(Int($0)) }), "tokens": .array(encoding.tokens.map(JSON.string)),
      "offsets": .array(encoding.offsets.map { [.int($0.lowerBound), .int($0.upperBound)] }),
    ]
    return object.text(pretty: false)
  }
}
