/// The one path from features to logits and predictions: evaluation, prediction and the estimate of a dry run use it.
public import Autograd
public import Datasets
import Glibc
public import Models
import Synchronization

/// A model with the adapters of some rows, without gradients.
public struct Inference: Sendable {
  private let model: TextModel
  private let adapters: RowAdapters

  public init(_ model: TextModel, _ adapters: RowAdapters) {
    self.model = model
    self.adapters = adapters
  }

  /// Runs the model over sequences, in batches of similar length.
  /// - Parameters:
  ///   - lengths: tokens of each sequence.
  ///   - batch: makes the batch of some sequences.
  ///   - body: gets each batch's logits, which it may overwrite.
  /// - Returns: the results of `body`, in an order that does not depend on the threads.
  public func run<Result: Sendable>(
    lengths: [Int], _ parallelFor: ParallelFor, batch: @escaping @Sendable ([Int]) -> LabeledBatch,
    _ body: @escaping @Sendable (LabeledBatch, Tensor, Pass) -> Result
  ) -> [Result] {
    let batches = lengthGroups(lengths: lengths, tokens: 512)
    let results = Results<Result>(count: batches.count)
    parallelFor(batches.count) { index, workspace in
      let batch = batch(batches[index]), pass = Pass(workspace)
      results.set(index, body(batch, model(batch.input, adapters: adapters, rows: batch.rows, pass), pass))
    }
    return results.all
  }

  /// The predictions for records, and their sequences' ids and logits if `keepsLogits`.
  /// - Throws: `NotFinite` if a logit is NaN or infinite, as with damaged weights.
  public func predict(
    _ records: some Dataset, _ task: any RecordInference, _ tokenizer: TextTokenizer, keepsLogits: Bool = false,
    _ parallelFor: ParallelFor
  ) throws -> [(prediction: Prediction, sequences: [SequenceLogits])] {
    let split = EncodedSplit(records, task, tokenizer), loss = ClassificationLoss()
    let outputs = run(lengths: split.lengths, parallelFor, batch: { split.batch($0, loss) }) { batch, logits, _ in
      (split.predictionLogits(batch, logits), keepsLogits ? split.allLogits(batch, logits) : [])
    }
    let predictions = try split.predictions(from: outputs.flatMap(\.0))
    var sequences = [[SequenceLogits]](repeating: [], count: records.count)
    for (sequence, logits) in outputs.flatMap(\.1).sorted(by: { $0.sequence < $1.sequence }) {
      sequences[split.sequences[sequence].record].append(
        SequenceLogits(ids: split.features(sequence).ids, logits: logits))
    }
    return zip(predictions, sequences).map { ($0, $1) }
  }
}

/// The token ids and all logits of one sequence.
public struct SequenceLogits: Sendable {
  public let ids: [Int32]
  public let logits: Logits
}

/// The model's outputs are NaN or infinite. Without this error they would look like bad predictions.
public struct NotFinite: Error, CustomStringConvertible {
  public init() {}

  public var description: String {
    "The model's outputs are not finite numbers: its weights, or the adapter's, contain NaN or infinity. "
      + "Are the files damaged?"
  }
}

extension Logits {
  /// Some rows of a tensor.
  init(_ logits: Tensor, rows: some Sequence<Int>) {
    self.init(
      classes: logits.columns,
      values: rows.flatMap { UnsafeBufferPointer(start: logits.pointer + $0 * logits.columns, count: logits.columns) })
  }
}

/// The index of the largest of a row of logits, and its softmax probability.
public func argmax(_ logits: some RandomAccessCollection<Float>) -> (label: Int, probability: Float) {
  var best = logits.startIndex
  for index in logits.indices where logits[index] > logits[best] { best = index }
  let sum = logits.reduce(0) { $0 + exp($1 - logits[best]) }
  return (logits.distance(from: logits.startIndex, to: best), 1 / sum)
}

/// `argmax` of each row.
func argmaxRows(_ logits: Tensor) -> [(label: Int, probability: Float)] {
  (0..<logits.rows).map {
    argmax(UnsafeBufferPointer(start: logits.pointer + $0 * logits.columns, count: logits.columns))
  }
}

/// The probabilities of a row of logits, in Double.
public func softmax(_ logits: some Collection<Float>) -> [Double] {
  let largest = Double(logits.max() ?? 0), exponentials = logits.map { exp(Double($0) - largest) }
  let sum = exponentials.reduce(0, +)
  return exponentials.map { $0 / sum }
}

/// Groups sequences of similar length into batches of about `tokens` tokens, so that threads get equal work.
func lengthGroups(lengths: [Int], tokens: Int) -> [[Int]] {
  var groups: [[Int]] = [], tokenCount = 0
  for index in lengths.indices.sorted(by: { (lengths[$0], $0) > (lengths[$1], $1) }) {
    if groups.isEmpty || tokenCount + lengths[index] > tokens {
      groups.append([])
      tokenCount = 0
    }
    groups[groups.count - 1].append(index)
    tokenCount += lengths[index]
  }
  return groups
}

/// One result per index, written by several threads.
final class Results<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ value: Value) { values.withLock { $0[index] = value } }

  var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}
