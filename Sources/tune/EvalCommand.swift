import ArgumentParser
import Files
import Models
import Reporting
import Serving
import Tasks
import Training

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Score a model, or an adapter over it, on a file: the same metrics as a run's.",
    discussion: """
      A tagger is scored on a CoNLL file, by whole entities. A masked-language model is scored on text, by perplexity and \
      accuracy at masked tokens: 15 % of them, the same ones for ever.
      """)

  @Argument(help: "The model's folder.")
  var model: String
  @Option(help: ArgumentHelp("An adapter over the model.", valueName: "folder"))
  var adapter: String?
  @Argument(help: "A CoNLL file, word first, label last; for a masked-language model a .txt or .jsonl, or such a .gz.")
  var file: String
  @Option(
    name: .customLong("field"),
    help: "Of JSON lines: a member that is text. May be given several times. Default: text.")
  var fields: [String] = []
  @Flag(help: "Do not check that the adapter was trained over these weights.")
  var anyBase = false
  @Flag(help: "Print all metrics as JSON.")
  var json = false
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption

  func run() throws {
    let kind: HeadType = try isMasked() ? .maskedLM : .tokenClassification
    // Before the model, which takes longer.
    let sentences = kind == .tokenClassification ? IOB2Corpus(try readCoNLL(file)).sentences : []
    try threads.start(precision.value, quiet: json)
    let pool = try AdapterPool(
      folder: model, adapters: adapter.map { [("adapter", $0)] } ?? [], withBase: adapter == nil, anyBase: anyBase,
      kind: kind)
    let member = pool.members[0]
    pool.use(precision.value)
    let task: any Task =
      kind == .maskedLM
      ? try masking(member.encoder)
      : TaggingTask(labels: member.labels, splits: [.test: sentences], encoder: member.encoder)
    let replicas = Replicas(threads: threads.count)
    let evaluation = try pool.with(member) { try task.evaluate(pool.model, on: .test, replicas.forEach) }
    guard let evaluation else { return }
    if json { return try emit(evaluation.json, pretty: true) }
    if kind == .maskedLM {
      let values = ["perplexity", "accuracy"].map { "\($0) \(fixed(evaluation.values[$0] ?? 0, 4))" }
      return try emit("\(values.joined(separator: "  "))  masked tokens \(evaluation.json["masked_tokens"]?.int ?? 0)")
    }
    try emit(row("", evaluation.json))
    for (type, score) in (evaluation.json["per_type"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      try emit(row(type, score))
    }
  }

  /// What tune.json says; of a folder that somebody else made, its config.json.
  private func isMasked() throws -> Bool {
    if let sidecar = try Sidecar(folder: adapter ?? model) { return sidecar.task == "masked_lm" }
    guard adapter == nil, fileExists(model + "/config.json") else { return false }
    let classes = try JSON(path: model + "/config.json")["architectures"]?.array ?? []
    return classes.contains { $0.string?.hasSuffix("ForMaskedLM") == true }
  }

  private func masking(_ encoder: TextTokenizer) throws -> MaskedLMTask {
    let store = try TokenStore(
      paths: [file], fields: fields.isEmpty ? ["text"] : fields, tokenizer: encoder.tokenizer,
      maxLength: encoder.maxLength, threads: threads.count)
    return MaskedLMTask([.test: store], try Masking(encoder.tokenizer), seed: 0)
  }

  private func row(_ name: String, _ score: JSON) -> String {
    let values = ["precision", "recall", "f1"].map { "\($0) \(fixed(score[$0]?.number ?? 0, 4))" }
    let support = score["support"]?.int.map { "  support \($0)" } ?? ""
    return (name.isEmpty ? "all" : name) + ": " + values.joined(separator: "  ") + support
  }
}
