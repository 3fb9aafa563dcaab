/// `tune predict`: predictions for texts, by one or several adapters of one base model.
import ArgumentParser
import Datasets
import Files
import FoundationEssentials
import Kernels
import Models
import Serving
import Tasks
import Training

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Predict entities in texts, or labels of texts, with one or several adapters.",
    discussion: """
      Each input line is a text, or a JSON object with the key "text" (and "text_pair" for a pair of texts), "words" (a list, \
      for a token classifier), or the columns of the run if it read JSON lines. Each output line is the input's object with \
      the predictions by adapter: "entities" of a token classifier, whose offsets count Unicode code points of the text, or \
      words, which then also have "tags"; or "labels" of a sequence classifier. A line that cannot be read becomes \
      {"error": …}, and the exit status is 1. Without an adapter the model's own classifier is used, under the name "base".
      """)

  @Argument(
    help: "The base model's folder or name on the Hub, or a run's folder: its model, or its base with its adapter.",
    completion: .directory)
  var model: String
  @Option(
    name: .long,
    help: ArgumentHelp(
      "A folder of an adapter or a run, and its name in the output. May be repeated.", valueName: "name=folder"))
  var adapter: [AdapterArgument] = []
  @Argument(help: "A file with one text per line, or - for standard input.", completion: .file())
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
    let (model, adapters) = try modelFolders(model, adapter)
    let usesBase = base || adapters.isEmpty, folders = adapters.map(\.path) + (usesBase ? [model] : [])
    let precision = try precision.value(for: folders)
    try threads.start(quiet: true)
    let pool = try AdapterPool(
      folder: model, adapters: adapters, withBase: usesBase, anyBase: anyBase,
      threads: threads.count)
    pool.notes.forEach { note("note: " + $0) }
    pool.use(precision)
    let replicas = Replicas(threads: threads.count)
    let predictor = try Predictor(pool, logits: logits, run: replicas.forEach)
    let columns = InputColumns(pool.members.map(\.settings), headType: pool.model.headType)
    var faults: [String] = []
    for start in stride(from: 0, to: lines.count, by: 512) {
      let inputs = lines[start..<min(start + 512, lines.count)].map { line in
        Result {
          let input = try PredictInput(line, columns)
          try predictor.check(input.record)
          return input
        }
      }
      let predictions = try predictor.predict(inputs.compactMap { try? $0.get().record })
      var next = 0
      let rows = inputs.map { input in
        do {
          let input = try input.get()
          defer { next += 1 }
          return try input.output(with: members(of: predictions.map { $0[next] }, pool))
        } catch {
          faults.append("\(error)")
          return JSON.object(["error": .string("\(error)")]).text(pretty: false)
        }
      }
      try emit(rows.joined(separator: "\n"))
    }
    if let first = faults.first {
      note("\(faults.count) of \(lines.count) lines have no prediction, but the key \"error\". The first: \(first)")
      throw ExitCode.failure
    }
  }

  /// What is predicted for one record, by key and member.
  private func members(
    of results: [(prediction: Prediction, sequences: [SequenceLogits])], _ pool: AdapterPool
  ) -> [String: JSON] {
    var members: [String: [String: JSON]] = [:]
    for (member, result) in zip(pool.members, results) {
      for (key, value) in result.prediction.members { members[key, default: [:]][member.name] = value }
      if logits { members["windows", default: [:]][member.name] = .array(result.sequences.map(\.json)) }
    }
    return members.mapValues(JSON.object)
  }
}

extension SequenceLogits {
  fileprivate var json: JSON {
    var object: [String: JSON] = [
      "ids": .array(ids.map { .int(Int($0)) }),
      "logits": .array((0..<logits.rows).map { .array(logits[$0].map { .double(Double($0)) }) }),
    ]
    object["rows"] = rows.map { .array($0.map(JSON.int)) }
    return .object(object)
  }
}
