/// Settings of token classification, and what a run needs for it: the data in IOB2, the labels, the training task.
import Datasets
package import Encoders
import Files
import Tokenization

package struct TokenClassificationSettings: Sendable, Equatable {
  /// The fraction of the target that is spread over all labels (Szegedy et al. 2016, §7).
  package var labelSmoothing = 0.0
  /// The exponent of a focal loss; nil: cross-entropy.
  package var focalGamma: Double?
  /// Loss weight per label; 1 for labels that are not listed.
  package var classWeights: [String: Double] = [:]
  /// The head's labels, by id; nil: those of the training data.
  package var labels: [String]?
  /// How predictions split texts into words; nil: by the first rule that keeps every word of the training data.
  package var splitWords: WordSplitting?
  package var headLayers = HeadLayers()
  package var temperature: TemperatureChoice?

  package init() {}
}

extension TokenClassificationSettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    let data = try TaggedData(context.data)
    var splits = data.splits
    let (labels, reuseHead) = try chooseLabels(splits[.train] ?? [], context)
    if let limit = context.data.maxTrainExamples { splits[.train] = splits[.train].map { Array($0.prefix(limit)) } }
    let words = wordSplitting(splits[.train] ?? [], context.tokenizer)
    let inference = try TokenClassification(
      labels: labels, splitWords: words.rule, headLayers: headLayers, temperature: temperature)
    try temperature?.check(context.data)
    let task = RecordTask(
      inference, splits: splits, tokenizer: context.tokenizer,
      loss: inference.loss(
        weights: try loss(weights: classWeights, of: labels, key: "class_weights"), smoothing: Float(labelSmoothing),
        gamma: Float(focalGamma ?? 0)))
    let notes = Split.allCases.flatMap { split -> [String] in
      let size = task.sizes(split)
      let windows =
        size.sequences > size.records
        ? "\(size.records) sentences split into \(size.sequences) windows; no word is lost"
          + context.tokenizer.unusedLength : nil
      let unknown = splits[split].flatMap { inference.unknownLabelNote($0) }
      return [unknown, windows].compactMap { note in note.map { "\(split.rawValue): \($0)" } }
    }
    return TaskSetup(
      task: task, inference: inference, reuseHead: reuseHead,
      splitSizes: splits.mapValues { "\($0.count) sentences" }, tagScheme: data.scheme,
      notes: data.notes + words.notes + notes)
  }

  /// `labels`; or the teachers' labels, or those of the model's folder with its head, if they have the data's tags; else
  /// the training file's tags with a new head.
  private func chooseLabels(
    _ train: [Record], _ context: TaskContext
  ) throws -> (labels: [String], reuseHead: Bool) {
    /// The tags that are no labels of a model with these labels.
    func missing(_ labels: EntityLabels) -> Set<String> {
      train.reduce(into: []) { missing, sentence in
        for (id, tag) in zip(labels.ids(ofIOB2: sentence.tags), sentence.tags) where id < 0 { missing.insert(tag) }
      }
    }
    if let labels {
      let unlisted = missing(try EntityLabels(labels)).sorted()
      if !unlisted.isEmpty {
        throw TaskFault.unlistedLabels(
          file: context.data.paths(.train).joined(separator: ", "), labels: unlisted, listed: labels)
      }
      return (labels, labels == context.baseLabels)
    }
    let known = context.knownLabels { labels in
      guard labels.contains("O"), let labels = try? EntityLabels(labels) else { return false }
      return missing(labels).isEmpty
    }
    return known ?? (["O"] + Set(train.flatMap(\.tags)).subtracting(["O"]).sorted(), false)
  }

  private func wordSplitting(_ train: [Record], _ tokenizer: TextTokenizer) -> (rule: WordSplitting, notes: [String]) {
    let fitting = WordSplitting.fitting(train, tokenizer), rule = splitWords ?? fitting ?? .whitespace
    var notes: [String] = []
    if fitting == nil {
      let word = WordSplitting.whitespace.firstSplit(in: train, tokenizer)
      notes.append(
        "words of the training data contain whitespace\(word.map { ", such as \($0)" } ?? ""), so that no rule finds them in "
          + "a text: give 'tune predict' the words, as {\"words\": [\"…\"]}")
    }
    if splitWords == nil, rule != .punctuation {
      let reason = rule.reason(in: train, tokenizer).map { ", because the training data have the word \($0)" } ?? ""
      notes.append(
        "'tune predict' splits texts into words \(rule.places)\(reason): \(rule.consequence) (task.split_words sets another rule)"
      )
    }
    if tokenizer.tokenizer.settings["add_prefix_space"] == false {
      notes.append(
        "words are tokenized without a space before them, as transformers does with this tokenizer; "
          + "set model.add_prefix_space to true unless the base was fine-tuned without")
    }
    return (rule, notes)
  }
}

/// The splits in IOB2, with notes on the original scheme and on invalid tags.
private struct TaggedData {
  let splits: [Split: [Record]]
  let scheme: TagScheme
  let notes: [String]

  init(_ data: TaskData) throws {
    var splits: [Split: [Record]] = [:]
    for (split, _) in data.files { splits[split] = try data.records(split)?.all }
    let scheme = data.conll?.scheme ?? .detect(in: (splits[.train] ?? []).map(\.tags))
    let corpora = splits.mapValues { IOB2Corpus($0, from: scheme, entityType: data.conll?.entityType) }
    var notes = scheme == .iob2 ? [] : ["tags are converted from \(scheme.rawValue.uppercased()) to IOB2"]
    notes += Split.allCases.compactMap { split in
      corpora[split]?.invalidTagsNote.map { "\(split.rawValue): \($0)" }
    }
    (self.splits, self.scheme, self.notes) = (corpora.mapValues(\.sentences), scheme, notes)
  }
}
