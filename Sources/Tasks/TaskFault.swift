/// Errors where data do not match a task.
package import Datasets

package enum TaskFault: Error, CustomStringConvertible {
  case unlistedLabels(file: String, labels: [String], listed: [String])
  /// Names of a token classifier's labels that do not say which entities they are tags of.
  case labelNames([String])
  /// `key` of the section "task" names labels that the data do not have.
  case unknownLabelsOf(key: String, [String], known: [String])
  case noWords(file: String)
  case noKnownLabels(file: String, labels: [String])
  case noLabels(file: String)
  /// `key` of the section "task" needs a dev split.
  case noDev(key: String)
  /// There are fewer records, or documents, than folds.
  case fewerThanFolds(file: String, Int, folds: Int)
  /// Folds of documents, but no record says which it is a part of.
  case noDocuments(file: String)
  /// A metric that the task has, but not with these labels.
  case undefinedMetric(String, labels: [String])
  /// A metric of BioASQ for a kind of questions that dev does not have.
  case noScoredQuestions(String)
  case oneLabel(file: String, label: String)
  case texts(Int, expected: Int, record: Record)
  /// The record does not say where the entities are.
  case noEntities(Record)
  case noQuestion(Record)
  case noAnswers(file: String)
  /// Scored pairs have no column of the second text.
  case noPairs

  package var description: String {
    switch self {
    case .unlistedLabels(let file, let labels, let listed):
      "\(file): found labels that task.labels does not list: \(labels.map(visible).joined(separator: ", ")). It lists "
        + listed.map(visible).joined(separator: ", ") + "."
    case .labelNames(let names):
      "the labels \(names.prefix(20).joined(separator: ", ")) do not say which entities they mark. Expected O, and tags "
        + "such as B-Drug and I-Drug (IOB2, IOBES, BILOU), or entity types without a prefix. Name them in "
        + "'id2label' of config.json, or in tune.json's 'task.labels'."
    case .unknownLabelsOf(let key, let names, let known):
      "task.\(key): no such label: \(names.map(visible).joined(separator: ", ")). The data have "
        + known.map(visible).joined(separator: ", ") + "."
    case .noWords(let file):
      "\(file): every token of the text is unknown to the model's vocabulary, so that there is nothing to mask. "
        + "Is the text in the model's language? 'model.tokenizer' sets another vocabulary."
    case .noKnownLabels(let file, let labels):
      "\(file): no record has a label of the model, which knows \(labels.prefix(20).map(visible).joined(separator: ", "))"
        + "\(labels.count > 20 ? ", …" : ""). Is the label column right? Was the model trained on other data?"
    case .noQuestion(let record):
      "\(record.source?.description ?? "record \(record.id)"): found no question with a context; expected "
        + #"{"question": "…", "context": "…"}, or a file of SQuAD's JSON."#
    case .noAnswers(let file):
      "\(file): no question has answers to train on or to score. Expected in SQuAD's JSON 'answers' as [{\"text\": …, "
        + "\"answer_start\": …}], or [] for a question that its context does not answer; in BioASQ's 'exact_answer', of which a "
        + "snippet has a synonym."
    case .noDev(let key):
      "task.\(key) is chosen on dev, but there is no dev split: 'data.dev' names no file, or is trained on "
        + "('data.train_dev')."
    case .fewerThanFolds(let file, let count, let folds):
      "\(file): found \(count) records or documents; expected at least as many as 'data.folds.count', which is \(folds)."
    case .noDocuments(let file):
      "\(file): no record says which document it is a part of, so that there are no folds by document. Set "
        + "'data.document_column', or -DOCSTART- lines in a CoNLL file, or remove 'data.folds.by_document'."
    case .undefinedMetric(let name, _) where ["f1_yes", "f1_no", "f1_yes_no"].contains(name):
      "training.metric_for_best_model is \"\(name)\", which needs the labels yes and no. Choose another metric."
    case .undefinedMetric(let name, let labels):
      "training.metric_for_best_model is \"\(name)\", which needs a positive class, but the data have "
        + "\(labels.count) labels. Set 'task.positive_label' to one of \(labels.prefix(20).map(visible).joined(separator: ", "))"
        + "\(labels.count > 20 ? ", …" : ""), or choose another metric."
    case .noScoredQuestions(let name):
      "training.metric_for_best_model is \"\(name)\", but dev has no questions of the kind that it scores. Choose another "
        + "metric, or set 'data.question_types'."
    case .noPairs:
      "data.text_pair_column is not set. An evaluation of embeddings reads pairs of texts with a score: name the columns of "
        + "both texts and of the score."
    case .noLabels(let file): "\(file): no record has a label. Is 'data.label_column' right?"
    case .oneLabel(let file, let label):
      "\(file): every record has the label \"\(label)\"; a classifier needs at least two labels. "
        + "Is 'data.label_column' right?"
    case .noEntities(let record):
      "\(record.source?.description ?? "record \(record.id)"): found a text without its two entities. Give their spans or "
        + "marks as the training data did (data.subject_column or data.subject_marks, and those of the object)."
    case .texts(let found, let expected, let record):
      "\(record.source?.description ?? "record \(record.id)"): found "
        + (found == 0 ? "words" : found == 1 ? "one text" : "a pair of texts") + "; the model was trained on "
        + (expected == 2 ? "pairs (\"text\" and \"text_pair\")." : "one text.")
    }
  }
}
