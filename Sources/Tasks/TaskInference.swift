/// What a model needs besides its weights to answer: the labels, how a record becomes the model's input, how logits
/// become a prediction, and how predictions are scored. Saved as "task" in tune.json.
package import Datasets
package import Encoders
package import Files

/// To add the task X:
/// 1. **Inference.** `X: RecordInference` (Tasks/X/X.swift): its stored properties are what tune.json must hold.
/// 2. **Settings.** `XSettings: TaskSettings` (Tasks/X/XSettings.swift) reads the data and makes X and the training task;
///    most tasks use `RecordTask` with a `LossFunction`.
/// 3. **Registration.** A case of `TaskType` (TaskType.swift).
/// 4. **The recipe.** `extension XSettings: TaskSection` with the keys, and its line in `TaskType.defaultSettings`
///    (Sources/Recipes/Sections).
package protocol TaskInference: Sendable, Codable {
  /// `task.type` in a recipe and in tune.json.
  static var name: String { get }
  static var headType: HeadType { get }
  /// The head's layers besides the linear one.
  var headLayers: HeadLayers { get }
  /// transformers' `problem_type` in config.json, which decides loss and activation; nil: the head has none.
  static var problemType: String? { get }
  /// What records are labeled with.
  static var labelKind: LabelKind { get }
  /// Whether records may say where two entities are.
  static var readsEntities: Bool { get }
  /// All metrics, the default for choosing the best checkpoint first.
  static var metrics: [Metric] { get }
  /// Texts about the task in messages and model cards.
  static var description: TaskDescription { get }
  /// Names of the head's outputs; empty if they are the vocabulary.
  var labels: [String] { get }
  /// Whether long texts are read in windows, which share `stride` tokens.
  var readsWindows: Bool { get }
  /// For a folder without tune.json.
  /// - Throws: `TaskFault` if the task cannot use labels with these names.
  init(labels: [String]) throws
  /// A task that can evaluate the splits in `data`, and notes for the user.
  /// - Throws: the errors of the data's readers.
  func makeEvaluation(
    of data: TaskData, _ tokenizer: TextTokenizer, threads: Int
  ) throws -> (task: any Task, notes: [String])
}

/// A task that answers record by record.
package protocol RecordInference: TaskInference {
  /// Throws `TaskFault.texts` for a record with another number of texts than the model was trained on.
  func check(_ record: Record) throws(TaskFault)
  /// The model's input for a record, with targets for what the record is labeled with.
  func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord
  /// `encode` for records one after the other, which may share parts of their texts.
  func encoder(_ tokenizer: TextTokenizer) -> (Record) -> EncodedRecord
  /// - Parameter logits: one for each of the record's features, of its `predictionRows`.
  func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction
  /// The predictions beside what the records are labeled with, from which the metrics of any resample are computed.
  func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples
  /// Whether an evaluation of the records has the metric, which is not the loss.
  func reports(_ metric: Metric, on records: any Dataset) throws -> Bool
  /// Whether `fitted` decides anything.
  var isFittedOnDev: Bool { get }
  /// The task with what is chosen on labeled records that it was not trained on, such as thresholds.
  /// - Parameter logits: of each record, as for `predict`.
  func fitted(to records: some Dataset, _ encoded: [EncodedRecord], _ logits: [[Logits]]) -> Self
  /// What logits are divided by for probabilities; nil: nothing was chosen, and it is 1.
  var temperature: Double? { get set }
  /// A row of a run's saved predictions: "gold", "predicted", "scores", and what `examples(saved:)` needs besides.
  func savedRow(_ record: Record, _ prediction: Prediction) -> [String: JSON]
  /// The examples of saved rows.
  func examples(saved rows: [JSON]) throws -> any ScoredExamples
  /// What the record is labeled with, in the form of the predicted labels.
  func gold(of record: Record) -> JSON
  /// A record that is labeled with what `gold` gave.
  func savedRecord(gold: JSON) -> Record
  /// The loss of an evaluation, where it is not the sum of `evaluationLoss`; nil: it is.
  func loss(_ records: some Dataset, _ predictions: [Prediction]) -> Double?
  /// The loss of an evaluation.
  var evaluationLoss: any LossFunction { get }
  /// Converts records that are labeled in another form, such as another tag scheme, with a note for the user.
  func normalized(_ records: any Dataset, of data: TaskData) -> (records: any Dataset, note: String?)
  /// A note on labels of the records that the model does not have, which count as errors; nil: there are none.
  func unknownLabelNote(_ records: any Dataset) -> String?
  /// A note on what the model has not learned to read of the records; nil: there is nothing.
  func unknownInputNote(_ records: any Dataset, _ tokenizer: TextTokenizer) -> String?
}

/// Texts about a task.
package struct TaskDescription: Sendable {
  /// The Hub's pipeline tag.
  package let pipeline: String
  /// "token classification"
  package let purpose: String
  /// What a record is called: "sentence"
  package let record: String
  /// transformers' class for a model of this task.
  package let autoModel: String
  /// What a model of this task is for: "finds entities in texts".
  package let use: String
  /// How the metrics are computed.
  package let scoring: String
}

extension TaskInference {
  package var headLayers: HeadLayers { HeadLayers() }
  package static var problemType: String? { nil }
  package static var labelKind: LabelKind { .one }
  package static var readsEntities: Bool { false }
}

/// "often (2), rarely (1)"; nil: there are none.
func list(_ counts: [String: Int]) -> String? {
  if counts.isEmpty { return nil }
  return counts.sorted { $0.key < $1.key }.map { "\(visible($0.key)) (\($0.value))" }.joined(separator: ", ")
}

extension RecordInference {
  package var readsWindows: Bool { true }

  package func check(_ record: Record) throws(TaskFault) {
    if record.texts.count > 1 { throw .texts(record.texts.count, expected: 1, record: record) }
  }

  /// The values of the task's metrics and the JSON of an evaluation, without the loss.
  func score(_ records: some Dataset, _ predictions: [Prediction]) throws -> (values: [String: Double], json: JSON) {
    try examples(records, predictions).evaluation
  }

  package func encoder(_ tokenizer: TextTokenizer) -> (Record) -> EncodedRecord { { encode($0, tokenizer) } }
  package func loss(_ records: some Dataset, _ predictions: [Prediction]) -> Double? { nil }
  /// It depends on the model's labels, not on the records.
  package func reports(_ metric: Metric, on records: any Dataset) throws -> Bool {
    try score([Record](), []).values.keys.contains(metric.name)
  }
  package var isFittedOnDev: Bool { false }
  package func fitted(to records: some Dataset, _ encoded: [EncodedRecord], _ logits: [[Logits]]) -> Self { self }
  /// Without one.
  package var temperature: Double? {
    get { nil }
    set {}
  }
  package var evaluationLoss: any LossFunction { ClassificationLoss() }
  package func normalized(_ records: any Dataset, of data: TaskData) -> (records: any Dataset, note: String?) {
    (records, nil)
  }
  package func unknownInputNote(_ records: any Dataset, _ tokenizer: TextTokenizer) -> String? { nil }
}
