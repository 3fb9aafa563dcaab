/// Token classification: predicts a tag for every word from the word's first token. Metrics are entity-level.
public import Autograd
import Files
import Glibc
public import Models

/// A word's tag and its probability.
public struct TagPrediction: Sendable, Equatable {
  public let label: Int
  public let probability: Float
}

public struct TaggingTask: Task {
  public let labels: [String]
  private let tokenizer: TextTokenizer
  private let splits: [Split: TaggedSplit]
  private let classWeights: [Float]?
  private let smoothing: Float

  /// - Parameters:
  ///   - labels: all tags, in the order of the head's outputs.
  ///   - classWeights: one weight per label, or nil.
  ///   - smoothing: label smoothing of the training loss.
  public init(
    labels: [String], splits: [Split: [TaggedSentence]], tokenizer: TextTokenizer, classWeights: [Float]? = nil,
    smoothing: Float = 0
  ) {
    self.labels = labels
    self.tokenizer = tokenizer
    self.classWeights = classWeights
    self.smoothing = smoothing
    self.splits = splits.mapValues { TaggedSplit($0, labels: labels, tokenizer) }
  }

  public var lengths: [Int] { splits[.train]?.windows.map(\.ids.count) ?? [] }

  /// Number of sentences in a split, and of the windows they are split into.
  public func windowCount(_ split: Split) -> (sentences: Int, windows: Int) {
    (splits[split]?.sentences.count ?? 0, splits[split]?.windows.count ?? 0)
  }

  public func lesson(_ examples: [Int], at step: Int) -> Lesson {
    let windows = splits[.train]?.windows ?? []
    let chosen = examples.map { windows[$0] }, targets = chosen.flatMap(\.targets)
    return Lesson(
      examples: examples, batch: Batch(chosen.map(\.ids)), targets: targets, weight: weight(targets))
  }

  public func loss(of logits: Tensor, _ targets: [Int32], norm: Float, _ pass: Pass) -> Double {
    crossEntropy(logits, targets: targets, weights: classWeights, smoothing: smoothing, norm: norm, pass)
  }

  public func describe(example: Int) -> String {
    guard let train = splits[.train] else { return "training example \(example + 1)" }
    let sentence = train.windows[example].sentence
    return train.sentences[sentence].source.map(\.description) ?? "sentence \(sentence + 1)"
  }

  public func tokens(in split: Split) -> Int { splits[split]?.windows.reduce(0) { $0 + $1.ids.count } ?? 0 }

  public func evaluate(_ model: TextModel, on split: Split, _ parallelFor: ParallelFor) throws -> Evaluation? {
    guard let data = splits[split] else { return nil }
    let norm = data.windows.reduce(0) { $0 + weight($1.targets) }
    let batches = lengthGroups(lengths: data.windows.map(\.ids.count), tokens: 512)
    let results = Results<(loss: Double, tags: [(window: Int, labels: [Int])])>(count: batches.count)
    parallelFor(batches.count) { index, workspace in
      let chosen = batches[index].map { data.windows[$0] }
      let pass = Pass(workspace)
      let logits = model(Batch(chosen.map(\.ids)), pass)
      let best = argmaxRows(logits)
      var row = 0
      let tags = zip(batches[index], chosen).map { index, window in
        defer { row += window.ids.count }
        return (index, window.rows.map { best[row + $0].label })
      }
      let loss = crossEntropy(
        logits, targets: chosen.flatMap(\.targets), weights: classWeights, smoothing: 0, norm: norm, pass)
      results.set(index, (loss, tags))
    }
    return try data.score(results.all, labels: labels)
  }

  private func weight(_ targets: [Int32]) -> Float {
    targets.reduce(0) { $0 + ($1 < 0 ? 0 : classWeights?[Int($1)] ?? 1) }
  }
}

/// The model's outputs are NaN or infinite. Without this error they would look like bad predictions.
public struct NotFinite: Error, CustomStringConvertible {
  public init() {}

  public var description: String {
    "The model's outputs are not finite numbers: its weights, or the adapter's, contain NaN or infinity. "
      + "Are the files damaged?"
  }
}

/// The sentences of a split, split into windows.
private struct TaggedSplit: Sendable {
  struct Example: Sendable {
    let sentence: Int
    let ids: [Int32]
    /// One per token: the label at the first token of each of this window's words, else -1.
    let targets: [Int32]
    /// The first token of each of this window's words.
    let rows: [Int]
  }

  let sentences: [TaggedSentence]
  let windows: [Example]

  init(_ sentences: [TaggedSentence], labels: [String], _ tokenizer: TextTokenizer) {
    self.sentences = sentences
    let labelIDs = Dictionary(labels.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
    windows = sentences.enumerated().flatMap { number, sentence in
      let text = tokenizer.tokenize(sentence.words)
      return tokenizer.windows(text).map { window in
        let ids = tokenizer.ids(text, window)
        let rows = window.words.map { text.wordStarts[$0] - window.tokens.lowerBound + 1 }
        var targets = [Int32](repeating: -1, count: ids.count)
        for (row, word) in zip(rows, window.words) { targets[row] = labelIDs[sentence.tags[word]] ?? -1 }
        return Example(sentence: number, ids: ids, targets: targets, rows: rows)
      }
    }
  }

  func score(_ results: [(loss: Double, tags: [(window: Int, labels: [Int])])], labels: [String]) throws -> Evaluation {
    var byWindow = [[Int]](repeating: [], count: windows.count)
    for result in results { for (window, tags) in result.tags { byWindow[window] = tags } }
    var predicted = [[String]](repeating: [], count: sentences.count)
    for (window, tags) in zip(windows, byWindow) { predicted[window.sentence] += tags.map { labels[$0] } }
    let score = try EntityScore(gold: sentences.map(\.tags), predicted: predicted)
    let loss = results.reduce(0) { $0 + $1.loss }
    guard loss.isFinite else { throw NotFinite() }
    var json = score.json.object ?? [:]
    json["loss"] = .double(loss)
    return Evaluation(
      loss: loss,
      values: ["f1": score.f1, "precision": score.precision, "recall": score.recall, "loss": loss],
      json: .object(json))
  }
}

/// The column of each row's largest logit, and its softmax probability.
public func argmaxRows(_ logits: Tensor) -> [TagPrediction] {
  (0..<logits.rows).map { row in
    let values = UnsafeBufferPointer(start: logits.pointer + row * logits.columns, count: logits.columns)
    var best = 0
    for column in values.indices where values[column] > values[best] { best = column }
    let sum = values.reduce(0) { $0 + exp($1 - values[best]) }
    return TagPrediction(label: best, probability: 1 / sum)
  }
}
