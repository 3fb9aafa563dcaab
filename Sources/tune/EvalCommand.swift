/// `tune eval`: the metrics of a model, or of a base with an adapter, on a file.
import ArgumentParser
import Files
import Models
import Reporting
import Serving
import Tasks
import Training

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Evaluate a model, or a base model with an adapter, on a file.",
    discussion: """
      The metrics are those of a run's dev and test splits. Token classification is evaluated on a CoNLL file with \
      entity-level precision, recall and F1. Masked language modeling is evaluated on text with perplexity and \
      accuracy; 15 % of the tokens are masked, with the same masks every time.
      """)

  @Argument(help: "The base model's folder.")
  var model: String
  @Option(help: ArgumentHelp("The adapter's folder.", valueName: "folder"))
  var adapter: String?
  @Argument(
    help:
      "A CoNLL file (word first, label last); for masked language modeling .txt or .jsonl, either may be .gz."
  )
  var file: String
  @Option(
    name: .customLong("field"),
    help: "JSON lines: a key whose value is text. May be repeated. Default: text.")
  var fields: [String] = []
  @Flag(help: "Skip the check that the adapter was trained on this base model.")
  var anyBase = false
  @Flag(help: "Print all metrics as JSON.")
  var json = false
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption

  func run() throws {
    let headType: HeadType = try isMasked() ? .maskedLM : .tokenClassification
    // The data first: reading them is faster than loading the model, and may fail.
    let sentences = headType == .tokenClassification ? IOB2Corpus(try readCoNLL(file)).sentences : []
    try threads.start(precision.value, quiet: json)
    let pool = try AdapterPool(
      folder: model, adapters: adapter.map { [("adapter", $0)] } ?? [], withBase: adapter == nil, anyBase: anyBase,
      headType: headType)
    let member = pool.members[0]
    pool.use(precision.value)
    let task: any Task =
      headType == .maskedLM
      ? try masking(member.tokenizer)
      : TaggingTask(labels: member.labels, splits: [.test: sentences], tokenizer: member.tokenizer)
    let replicas = Replicas(threads: threads.count)
    let evaluation = try pool.with(member) { try task.evaluate(pool.model, on: .test, replicas.forEach) }
    guard let evaluation else { return }
    if json { return try emit(evaluation.json, pretty: true) }
    if headType == .maskedLM {
      let values = ["perplexity", "accuracy"].map { "\($0) \(fixed(evaluation.values[$0] ?? 0, 4))" }
      return try emit("\(values.joined(separator: "  "))  masked tokens \(evaluation.json["masked_tokens"]?.int ?? 0)")
    }
    try emit(row("", evaluation.json))
    for (type, score) in (evaluation.json["per_type"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      try emit(row(type, score))
    }
  }

  /// Whether the head is for masked language modeling: by tune.json, or by config.json if the folder has no tune.json.
  private func isMasked() throws -> Bool {
    if let sidecar = try Sidecar(folder: adapter ?? model) { return sidecar.task == "masked_lm" }
    guard adapter == nil, fileExists(model + "/config.json") else { return false }
    let classes = try JSON(path: model + "/config.json")["architectures"]?.array ?? []
    return classes.contains { $0.string?.hasSuffix("ForMaskedLM") == true }
  }

  private func masking(_ tokenizer: TextTokenizer) throws -> MaskedLMTask {
    let store = try TokenStore(
      paths: [file], fields: fields.isEmpty ? ["text"] : fields, tokenizer: tokenizer.wordPiece,
      maxLength: tokenizer.maxLength, threads: threads.count)
    return MaskedLMTask([.test: store], try Masking(tokenizer.wordPiece), seed: 0)
  }

  private func row(_ name: String, _ score: JSON) -> String {
    let values = ["precision", "recall", "f1"].map { "\($0) \(fixed(score[$0]?.number ?? 0, 4))" }
    let support = score["support"]?.int.map { "  support \($0)" } ?? ""
    return (name.isEmpty ? "all" : name) + ": " + values.joined(separator: "  ") + support
  }
}
