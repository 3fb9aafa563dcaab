import ArgumentParser
import Files
import Reporting
import Serving
import Tasks
import Training

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Score a model, or an adapter over it, on a CoNLL file: the same metrics as a run's."
  )

  @Argument(help: "The model's folder.")
  var model: String
  @Option(help: ArgumentHelp("An adapter over the model.", valueName: "folder"))
  var adapter: String?
  @Argument(help: "A CoNLL file: word first, label last.")
  var file: String
  @Flag(help: "Do not check that the adapter was trained over these weights.")
  var anyBase = false
  @Flag(help: "Print all metrics as JSON.")
  var json = false
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption

  func run() throws {
    let sentences = IOB2Corpus(try readCoNLL(file)).sentences
    try threads.start(precision.value, quiet: json)
    let pool = try AdapterPool(
      folder: model, adapters: adapter.map { [("adapter", $0)] } ?? [], withBase: adapter == nil, anyBase: anyBase)
    let member = pool.members[0]
    pool.use(precision.value)
    let task = TaggingTask(labels: member.labels, splits: [.test: sentences], encoder: member.encoder)
    let replicas = Replicas(threads: threads.count)
    let evaluation = try pool.with(member) { try task.evaluate(pool.model, on: .test, replicas.forEach) }
    guard let evaluation else { return }
    if json { return try emit(evaluation.json, pretty: true) }
    try emit(row("", evaluation.json))
    for (type, score) in (evaluation.json["per_type"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      try emit(row(type, score))
    }
  }

  private func row(_ name: String, _ score: JSON) -> String {
    let values = ["precision", "recall", "f1"].map { "\($0) \(fixed(score[$0]?.number ?? 0, 4))" }
    let support = score["support"]?.int.map { "  support \($0)" } ?? ""
    return (name.isEmpty ? "all" : name) + ": " + values.joined(separator: "  ") + support
  }
}
