/// The model card of an adapter or a model: README.md with the Hub's metadata. Runs and merged models write it.

import Encoders

package struct ModelCard {
  /// The base model's name; nil: none, the weights were randomly initialized.
  package var base: String?
  /// The Hub's `library_name`: "peft", "transformers", "adapters" or "tune".
  package var library: String
  package var task: any TaskInference
  package var tags: [String]
  package var title: String
  package var about: String?
  /// The rows of the table of facts.
  package var rows: [(name: String, value: String)]
  /// The data that its scores are of, "dev" or "test"; nil: it has no scores.
  package var scored: String?
  /// What follows the table, in Markdown.
  package var sections: [(title: String, text: String)]
  /// The method's settings as JSON; nil: none.
  package var method: String?
  /// Whether the weights are an adapter's, which needs its base.
  package var isAdapter: Bool
  /// Code that loads an adapter with PEFT; nil: PEFT cannot load it.
  package var python: PythonSnippet?

  package init(
    base: String?, library: String, task: any TaskInference, tags: [String], title: String, about: String? = nil,
    rows: [(name: String, value: String)], scored: String? = nil, sections: [(title: String, text: String)] = [],
    method: String? = nil,
    isAdapter: Bool, python: PythonSnippet? = nil
  ) {
    (self.base, self.library, self.task, self.tags) = (base, library, task, tags)
    (self.title, self.about, self.rows, self.method, self.isAdapter) = (title, about, rows, method, isAdapter)
    (self.scored, self.sections, self.python) = (scored, sections, python)
  }

  package var text: String {
    let outputs =
      switch type(of: task).headType {
      case .embedding:
        ("vector", task.headLayers.pooling.mode.rawValue + (task.headLayers.pooling.normalizes ? ", normalized" : ""))
      case .maskedLM: ("labels", "the vocabulary")
      default: ("labels", task.labels.joined(separator: ", "))
      }
    let facts = (rows + [outputs]).map { "| \(tableCell($0.name)) | \(tableCell($0.value)) |" }.joined(separator: "\n")
    let sections = ([("Intended use", intendedUse)] + sections).map { "\n## \($0.title)\n\n\($0.text)\n" }.joined()
    let method = method.map { "\n## Method\n\n```json\n\($0)\n```\n" } ?? ""
    return """
      ---
      \(base.map { "base_model: \(yamlScalar($0))\n" } ?? "")library_name: \(library)
      pipeline_tag: \(description.pipeline)
      tags:
      \(tags.map { "- \($0)" }.joined(separator: "\n"))
      ---

      # \(title)
      \(about.map { "\n\($0)\n" } ?? "")
      | | |
      |---|---|
      \(facts)
      \(sections)\(method)
      ## How to use

      \(usage)
      \(description.scoring)

      """
  }

  private var description: TaskDescription { type(of: task).description }

  private var intendedUse: String {
    let scores = scored.map { "Its scores hold for texts like those of the \($0) data: measure" } ?? "Measure"
    return """
      It \(description.use). \(scores) it on your own before you use it on texts of another source, language or time. \
      \(scored == nil ? "It takes" : "It errs as the scores say, and takes") over the errors and the bias of its base and its \
      training data. It is not a medical device: a person checks what it answers before that affects a patient.
      """
  }

  /// What other libraries do not have of the head; empty: nothing.
  private var ownLayers: [String] {
    let layers = task.headLayers
    return (layers.decoder == .crf ? ["CRF"] : []) + (layers.lstm == nil ? [] : ["LSTM"])
      + (layers.mixesStates ? ["scalar mix"] : [])
  }

  private var usage: String {
    if !ownLayers.isEmpty {
      let arguments = isAdapter ? "BASE --adapter name=THIS_FOLDER" : "THIS_FOLDER"
      return "`tune predict \(arguments) FILE`. transformers and PEFT load the weights without those of the head's "
        + "\(ownLayers.joined(separator: ", ")), so that they answer differently."
    }
    let python = python.map { ", or with PEFT:\n\n```python\n\($0.text)\n```\n" } ?? "."
    if task is Embedding, !isAdapter {
      return "`tune predict THIS_FOLDER FILE`, or with SentenceTransformer(THIS_FOLDER)."
    }
    return switch (task is any RecordInference, isAdapter) {
    case (true, true): "`tune predict BASE --adapter name=THIS_FOLDER FILE`\(python)"
    case (true, false): "`tune predict THIS_FOLDER FILE`, or with transformers' \(description.autoModel)."
    case (false, true): "`tune eval BASE --adapter THIS_FOLDER FILE`\(python)"
    case (false, false): "As \"model.path\" of another recipe, or with transformers' \(description.autoModel)."
    }
  }
}
