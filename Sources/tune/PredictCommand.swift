/// `tune predict`: the entities in texts, for one or several adapters of one base model.
import ArgumentParser
import Files
import FoundationEssentials
import Kernels
import Serving
import Training

struct AdapterArgument: ExpressibleByArgument {
  let name, path: String

  /// NAME=FOLDER, or FOLDER, whose last component is then the name.
  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2 {
      guard !parts[0].isEmpty && !parts[1].isEmpty else { return nil }
      (name, path) = (parts[0], parts[1])
    } else {
      guard let last = argument.split(separator: "/").last else { return nil }
      (name, path) = (String(last), argument)
    }
  }
}

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Find entities in texts, with one or several adapters.",
    discussion: """
      Each input line is a text, or a JSON object with the key "text". Each output line is a JSON object with "text", \
      the other keys of the input object, and "entities", which has one list per adapter. Offsets count Unicode code \
      points of the original text. Without an adapter the model's own classifier is used, under the name "base".
      """)

  @Argument(help: "The base model's folder.")
  var model: String
  @Option(
    name: .long,
    help: ArgumentHelp("An adapter's folder and its name in the output. May be repeated.", valueName: "name=folder"))
  var adapter: [AdapterArgument] = []
  @Argument(help: "A file with one text per line, or - for standard input.")
  var file: String
  @Flag(help: "Also use the base model's own classifier.")
  var base = false
  @Flag(help: "Skip the check that the adapters were trained on this base model.")
  var anyBase = false
  @Flag(help: "Also print the token ids and logits of every window.")
  var logits = false
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption

  func run() throws {
    let lines = try readLines(file)
    let inputs = try lines.enumerated().map { try Input(line: $1, number: $0 + 1, file: file) }
    try threads.start(quiet: true)
    let pool = try AdapterPool(
      folder: model, adapters: adapter.map { ($0.name, $0.path) }, withBase: base || adapter.isEmpty, anyBase: anyBase)
    pool.use(precision.value)
    let replicas = Replicas(threads: threads.count)
    let predictor = Predictor(pool, logits: logits, run: replicas.forEach)
    for start in stride(from: 0, to: inputs.count, by: 512) {
      let chunk = Array(inputs[start..<min(start + 512, inputs.count)])
      let predictions = try predictor.predict(chunk.map(\.text))
      let rows = chunk.enumerated().map { index, input in
        output(input, pool.members.indices.map { (pool.members[$0].name, predictions[$0][index]) }).text(pretty: false)
      }
      try emit(rows.joined(separator: "\n"))
    }
  }

  private func output(_ input: Input, _ predictions: [(name: String, prediction: Prediction)]) -> JSON {
    var object = input.otherFields
    object["text"] = .string(input.text)
    var entities: [String: JSON] = [:], windows: [String: JSON] = [:]
    for (name, prediction) in predictions {
      entities[name] = .array(prediction.entities.map(\.json))
      windows[name] = .array(
        prediction.windows.map { window in
          [
            "ids": .array(window.ids.map { .int(Int($0)) }),
            "logits": .array(window.logits.map { .array($0.map { .double(Double($0)) }) }),
          ]
        })
    }
    object["entities"] = .object(entities)
    if logits { object["windows"] = .object(windows) }
    return .object(object)
  }
}

/// A line of input: a text, and the other keys of its JSON object.
struct Input {
  let text: String
  let otherFields: [String: JSON]

  init(line: String, number: Int, file: String) throws {
    guard line.utf8.first == UInt8(ascii: "{"),
      let object = try JSON(parsing: .init(line.utf8), named: "\(file):\(number)").object
    else {
      (text, otherFields) = (line, [:])
      return
    }
    guard let text = object["text"]?.string else {
      throw FileFault.malformed(
        file: file, line: number, found: "an object without a string \"text\"", expected: "{\"text\": \"…\"}")
    }
    self.text = text
    otherFields = object
  }
}

extension Entity {
  var json: JSON {
    [
      "label": .string(label), "start": .int(start), "end": .int(end), "text": .string(text),
      "probability": .double((probability * 1e6).rounded() / 1e6),
    ]
  }
}
