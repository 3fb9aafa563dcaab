/// `tune explain`: which words a prediction comes from.
import Adapters
import ArgumentParser
import Datasets
import Encoders
import Explaining
import Files
import Kernels
import Serving
import Tasks
import Training

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Divide a prediction among the words of its text.",
    discussion: """
      Reads what 'tune predict' reads, and prints a JSON object for each line: of every predicted label, entity, answer or \
      number the score of each word, by its offsets in code points. A score is a share of the logit: positive words speak for \
      the output. No text is printed without --show-text.
      """)

  @Argument(
    help: "The base model's folder or name on the Hub, or a run's folder: its model, or its base with its adapter.",
    completion: .directory)
  var model: String
  @OptionGroup var adapterOptions: AdapterOptions
  @Argument(help: "A file with one text per line, or - for standard input.", completion: .file())
  var file: String
  @Option(
    help: ArgumentHelp(
      "How the output is divided among the words: integrated_gradients, gradient_x_input, attention_rollout or leave_one_out.",
      valueName: "method"),
    completion: .list(ExplanationMethod.Name.allCases.map(\.rawValue)),
    transform: {
      guard let method = ExplanationMethod.Name(rawValue: $0) else {
        throw ValidationError(
          "expected \(ExplanationMethod.Name.allCases.map(\.rawValue).joined(separator: ", ")); found \($0)")
      }
      return method
    })
  var method = ExplanationMethod.Name.integratedGradients
  @Option(help: "Points between the baseline and the text, for integrated_gradients.")
  var steps = 50
  @Option(help: "Explain this label's logit, whatever is predicted.")
  var label: String?
  @Flag(help: "Also measure whether the words with the largest scores are those that the output depends on.")
  var faithfulness = false
  @Option(
    help: ArgumentHelp("Also write a page that shows the words (needs --show-text).", valueName: "file"),
    completion: .file())
  var html: String?
  @Flag(help: "Print the words, and the texts.")
  var showText = false
  @Option(
    help: ArgumentHelp("Number format of GEMM inputs. bf16 is faster, and not as exact.", valueName: "fp32|bf16"),
    transform: {
      guard let precision = Precision(rawValue: $0) else { throw ValidationError("expected fp32 or bf16") }
      return precision
    })
  var precision = Precision.fp32
  @OptionGroup var threads: ThreadOption

  func validate() throws {
    if !(1...1000).contains(steps) { throw ValidationError("--steps: expected 1 to 1000, found \(steps).") }
    if html != nil, !showText {
      throw ValidationError("--html: the page shows the texts. Add --show-text if the file may hold them.")
    }
  }

  func run() throws {
    if let html, case let folder = parentFolder(of: html), !fileExists(folder) { throw FileFault.missing(path: folder) }
    let lines = try LineReader(file)
    let (model, adapter) = try adapterOptions.folders(of: model)
    try threads.start(quiet: true)
    let base = try ServedBase(
      folder: model, precision: InferencePrecision(precision), anyBase: adapterOptions.anyBase, threads: threads.count,
      hasGradients: true)
    let member = try adapter.map { try base.load(name: "adapter", folder: $0) } ?? base.own()
    (base.notes + (member.adapter?.notes ?? [])).forEach { note("note: " + $0) }
    let method = ExplanationMethod(method, steps: steps)
    let explainer = try Explainer(member, method, label: label, faithfulness: faithfulness)
    let columns = [InputColumns(member)], source = try lineSource(file, lines, for: [member], columns)
    let replicas = Replicas(threads: threads.count)
    var page: [(id: String, record: ExplainedRecord)] = []
    while case let batch = try source.next(atMost: 4 * threads.count), !batch.isEmpty {
      var records: [Record] = [], fault: (any Error)?
      for line in batch {
        do {
          let record = try PredictInput(line, columns).records[0]
          try explainer.check(record)
          records.append(record)
        } catch {
          fault = error
          break
        }
      }
      for (record, result) in zip(records, try explainer.explain(records, replicas.forEach)) {
        var row = result.json(showsText: showText)
        row["id"] = .string(record.id)
        row["method"] = method.json
        try emit(.object(row))
        if html != nil { page.append((record.id, result)) }
      }
      // After the explanations of the lines before it.
      if let fault { throw fault }
    }
    if let html { try writeFile(explanationPage(page, method), to: html) }
  }
}
