/// `tune predict`: predictions for texts, by one or several adapters of one base model.
import ArgumentParser
import Datasets
import Encoders
import Files
import FoundationEssentials
import Kernels
import Reporting
import Serving
import Tasks
import Training

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict entities in texts, labels or vectors of texts, with one or several adapters.",
    discussion: """
      Each input line is a text, or a JSON object with the key "text" (and "text_pair" for a pair of texts), "words" (a list, \
      for a token classifier), or the columns of the run. A .csv or .tsv file is a table whose rows are such objects, and a \
      .tsv or .conll file has a word per line if the run has read CoNLL. Each output line is the input's object with \
      the predictions by adapter: "entities" of a token classifier, whose offsets count Unicode code points of the text, or \
      words, which then also have "tags"; or "labels" of a sequence classifier. A model that answers questions reads objects \
      with "question" and "context", or a file of SQuAD's or BioASQ's JSON (.json); its output has "answer" and the \
      candidates "n_best", for BioASQ "answers". An embedding model prints "embedding", a vector for each text, and the \
      "similarity" of a pair. They replace members of these names, such as gold labels. Lines are answered as they arrive. A line that cannot be read \
      ends the command after the answers before it; with --keep-going its row is {"error": …}, and the exit status is 1 at \
      the end. Without an adapter the model's own \
      classifier is used, under the name "base".
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
  @Option(
    help: ArgumentHelp(
      "Leave out labels and entities with a lower probability; a text's one label is then null, with \"abstained\".",
      valueName: "probability"))
  var minScore = 0.0
  @Flag(help: "Also print the token ids and logits of every window.")
  var logits = false
  @Flag(help: "Print {\"error\": …} for a line that cannot be read, and go on.")
  var keepGoing = false
  @Option(
    help: ArgumentHelp(
      "For questions in SQuAD's or BioASQ's JSON: also write the answers as the official scorer reads them.",
      valueName: "file"),
    completion: .file())
  var predictions: String?
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption

  func validate() throws {
    if !(0...1).contains(minScore) { throw ValidationError("--min-score: expected 0 to 1, found \(minScore).") }
  }

  func run() throws {
    let lines = try LineReader(file)
    let (model, adapters) = try modelFolders(model, adapter)
    let usesBase = base || adapters.isEmpty, folders = adapters.map(\.path) + (usesBase ? [model] : [])
    let precision = try precision.value(for: folders)
    try threads.start(quiet: true)
    let pool = try AdapterPool(
      folder: model, adapters: adapters, withBase: usesBase, precision: precision, anyBase: anyBase,
      threads: threads.count)
    pool.notes.forEach { note("note: " + $0) }
    let replicas = Replicas(threads: threads.count)
    let predictor = try Predictor(pool, logits: logits, run: replicas.forEach)
    if try answerQuestions(pool, predictor) { return }
    let columns = pool.members.map(InputColumns.init)
    try answer(lineSource(file, lines, for: pool.members, columns), predictor, columns)
  }

  /// Prints a row for each line, while further lines may still arrive.
  private func answer(_ lines: any LineSource, _ predictor: Predictor, _ columns: [InputColumns]) throws {
    var progress = LineProgress(), replaced: Set<String> = [], faults = 0, firstFault: (any Error)?
    while case let batch = try lines.next(atMost: 512), let last = batch.last {
      var rows: [String] = []
      for row in try self.rows(for: batch, predictor, columns, &replaced) {
        do { rows.append(try row.get()) } catch {
          (faults, firstFault) = (faults + 1, firstFault ?? error)
          if !keepGoing { break }
          rows.append(JSON.object(["error": .string("\(error)")]).text(pretty: false))
        }
      }
      progress.clear()
      if !rows.isEmpty { try emit(rows.joined(separator: "\n")) }
      if let firstFault, !keepGoing { throw firstFault }
      progress.report(last.number)
    }
    progress.clear()
    if !replaced.isEmpty {
      note("note: the predictions have replaced the input's \(replaced.sorted().joined(separator: ", "))")
    }
    if let firstFault {
      note("\(faults) lines have no prediction, but the key \"error\". The first: \(firstFault)")
      throw ExitCode.failure
    }
  }

  /// The row of output of each line, or what is wrong with the line.
  private func rows(
    for lines: [LineReader.Line], _ predictor: Predictor, _ columns: [InputColumns], _ replaced: inout Set<String>
  ) throws -> [Result<String, any Error>] {
    let inputs = lines.map { line in
      Result {
        let input = try PredictInput(line, columns)
        try predictor.check(input.records)
        return input
      }
    }
    let predictions = try predictor.predict(inputs.compactMap { try? $0.get().records })
    var next = 0
    return inputs.map { input in
      input.map { input in
        defer { next += 1 }
        return input.output(with: members(of: predictions.map { $0[next] }, predictor.pool), replaced: &replaced)
      }
    }
  }

  /// What is predicted for one record, by key and member.
  func members(
    of results: [(prediction: Prediction, sequences: [SequenceLogits])], _ pool: AdapterPool
  ) -> [String: JSON] {
    let names = pool.members.map(\.name)
    var members = outputMembers(zip(names, results.map(\.prediction)).map { ($0, $1) }, minScore: minScore)
    if logits {
      let windows = zip(names, results).map { ($0, JSON.array($1.sequences.map(\.json))) }
      members["windows"] = .object(Dictionary(uniqueKeysWithValues: windows))
    }
    return members
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
