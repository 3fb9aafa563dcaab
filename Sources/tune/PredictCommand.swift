/// `tune predict`: predictions for texts, by one or several adapters of one base model.
import ArgumentParser
import Datasets
import Files
import FoundationEssentials
import Kernels
import Serving
import Tasks
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
    commandName: "predict", abstract: "Predict entities in texts, or labels of texts, with one or several adapters.",
    discussion: """
      Each input line is a text, or a JSON object with the key "text" (and "text_pair" for a pair of texts), or the columns of the run if it read JSON lines. Each output \
      line is a JSON object with the keys of the input and the predictions by adapter: "entities" of a token classifier, \
      whose offsets count Unicode code points of the text, or "labels" of a sequence classifier. Without an adapter the \
      model's own classifier is used, under the name "base".
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
    let usesBase = base || adapter.isEmpty, folders = adapter.map(\.path) + (usesBase ? [model] : [])
    let columns = try InputColumns(folders)
    let inputs = try lines.enumerated().map { try Input(line: $1, number: $0 + 1, file: file, columns) }
    let precision = try precision.value(for: folders)
    try threads.start(quiet: true)
    let pool = try AdapterPool(
      folder: model, adapters: adapter.map { ($0.name, $0.path) }, withBase: usesBase, anyBase: anyBase)
    pool.use(precision)
    let replicas = Replicas(threads: threads.count)
    let predictor = try Predictor(pool, logits: logits, run: replicas.forEach)
    for start in stride(from: 0, to: inputs.count, by: 512) {
      let chunk = Array(inputs[start..<min(start + 512, inputs.count)])
      let predictions = try predictor.predict(chunk.map(\.record))
      let rows = chunk.enumerated().map { index, input in
        output(input, pool.members.indices.map { (pool.members[$0].name, predictions[$0][index]) }).text(pretty: false)
      }
      try emit(rows.joined(separator: "\n"))
    }
  }

  private func output(
    _ input: Input, _ results: [(name: String, result: (prediction: Prediction, sequences: [SequenceLogits]))]
  ) -> JSON {
    var object = input.fields, predictions: [String: JSON] = [:], windows: [String: JSON] = [:]
    for (name, result) in results {
      predictions[name] = result.prediction.json
      windows[name] = .array(result.sequences.map(\.json))
    }
    if let key = results.first?.result.prediction.key { object[key] = .object(predictions) }
    if logits { object["windows"] = .object(windows) }
    return .object(object)
  }
}

extension SequenceLogits {
  fileprivate var json: JSON {
    [
      "ids": .array(ids.map { .int(Int($0)) }),
      "logits": .array((0..<logits.rows).map { .array(logits[$0].map { .double(Double($0)) }) }),
    ]
  }
}

/// The keys of an input object that hold its texts: the columns of the run, if all runs have the same, else "text" and
/// "text_pair".
struct InputColumns {
  var text = ["text"], textPair = ["text_pair"]

  init() {}

  /// - Parameter folders: of adapters or models, with tune.json or without.
  init(_ folders: [String]) throws {
    let data = try folders.map { try TuneJSON(folder: $0)?.data }
    func common(_ key: String) -> String? {
      let names = Set(data.map { $0?[key]?.string })
      return names.count == 1 ? names.first ?? nil : nil
    }
    if let name = common("text_column"), name != "text" { text.insert(name, at: 0) }
    if let name = common("text_pair_column"), name != "text_pair" { textPair.insert(name, at: 0) }
  }
}

/// A line of input: a text or a pair of texts, and all keys of its JSON object.
struct Input {
  let record: Record
  let fields: [String: JSON]
  var text: String { record.texts[0] }

  /// - Throws: `FileFault` for a line that is no JSON, or an object without the text.
  init(line: String, number: Int, file: String, _ columns: InputColumns = InputColumns()) throws {
    guard line.utf8.first == UInt8(ascii: "{"),
      let object = try JSON(parsing: .init(line.utf8), named: "\(file):\(number)").object
    else {
      record = Record(id: "\(number)", texts: [line])
      fields = ["text": .string(line)]
      return
    }
    func fault(_ found: String) -> FileFault {
      .malformed(
        file: file, line: number, found: found, expected: "{\"text\": \"…\"}, or also a string \"text_pair\"")
    }
    guard let text = columns.text.lazy.compactMap({ object[$0]?.string }).first else {
      throw fault("an object without a string \"text\"")
    }
    var texts = [text]
    for name in columns.textPair {
      guard let pair = object[name], pair != .null else { continue }
      guard let second = pair.string else { throw fault("\(pair.typeName) in \"\(name)\"") }
      texts.append(second)
      break
    }
    record = Record(id: "\(number)", texts: texts, source: .init(file: file, line: number, record: number))
    fields = object
  }
}
