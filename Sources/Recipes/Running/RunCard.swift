/// The model card of a run's adapter or model: README.md, with the Hub's metadata.
import Adapters
import Files
import FoundationEssentials
import Models
import Tasks

extension Run {
  func card(_ result: JSON) -> String {
    let sections = ["method", "distillation"].compactMap { key in withoutPaths(recipe.json)[key].map { (key, $0) } }
    let method = JSON.object(.init(uniqueKeysWithValues: sections)).text()
    let about = recipe.about.map { "\n\($0)\n" } ?? ""
    return """
      ---
      \(isRandomlyInitialized ? "" : "base_model: \(baseName)\n")library_name: \(library)
      pipeline_tag: \(pipeline)
      tags:
      - \(recipe.method.type.rawValue)\(recipe.distillation == nil ? "" : "\n- distillation")
      - tune
      ---

      # \(title) for \(purpose)
      \(about)
      | | |
      |---|---|
      | base | \(isRandomlyInitialized ? "none (random initialization)" : baseName)\(baseHash.map { ", SHA-256 of its weights \($0)" } ?? "") |\(distillationRows)
      | labels | \(work.labels.isEmpty ? "the vocabulary" : work.labels.joined(separator: ", ")) |
      | data | \(dataLine) |
      | trainable parameters | \(trainableParameterCount) of \(totalParameterCount) |
      | seed | \(recipe.seed) |
      \(scoreRows(result))

      ## Method

      ```json
      \(method)
      ```

      ## How to use

      \(use)
      \(scoring)

      """
  }

  private var isRandomlyInitialized: Bool { recipe.model.initialization == .random }

  private var library: String {
    switch adapter.map({ type(of: $0.method).format }) {
    case nil: "transformers"
    case .peft: "peft"
    case .adapterHub: "adapters"
    case .tune: "tune"
    }
  }

  private var title: String {
    if isRandomlyInitialized { return "A model trained from scratch" }
    return "\(baseName), \(adapter == nil ? "fully fine-tuned" : "fine-tuned with \(recipe.method.type.rawValue)")"
  }

  /// The teachers, and the weights of the loss terms.
  private var distillationRows: String {
    guard let distillation = recipe.distillation else { return "" }
    let teachers = distillation.teachers.map { teacher in
      shortPath(teacher.path) + (teacher.adapter.map { " with \(shortPath($0))" } ?? "")
    }
    let terms = distillation.terms.map { "\($0.name) \($0.weight)" }
    return "\n| teachers | \(teachers.joined(separator: ", ")) |\n| loss | \(terms.joined(separator: ", ")) |"
  }

  private var purpose: String {
    switch work.headType {
    case .tokenClassification: "token classification"
    case .sequenceClassification: "text classification"
    case .maskedLM: "masked language modeling"
    }
  }

  private var use: String {
    switch (work.headType, adapter == nil) {
    case (.maskedLM, true): "As \"model.path\" of another recipe, or with transformers' AutoModelForMaskedLM."
    case (.maskedLM, false):
      "`tune eval BASE --adapter THIS_FOLDER FILE`\(library == "peft" ? ", or with PEFT on the base" : "")."
    case (_, true): "`tune predict THIS_FOLDER FILE`."
    case (_, false): "`tune predict BASE --adapter name=THIS_FOLDER FILE`."
    }
  }

  private var scoring: String {
    work.headType == .maskedLM
      ? "Perplexity and accuracy are computed on masked tokens. The masks are the same for every model."
      : "The metrics are entity-level: type, start and end must match (seqeval's default mode)."
  }

  private var pipeline: String { work.headType == .maskedLM ? "fill-mask" : purpose.replacing(" ", with: "-") }

  private var dataLine: String {
    recipe.data.files.map { split, paths in
      "\(split.rawValue): \(paths.map(shortPath).joined(separator: ", ")) (\(work.splitSizes[split] ?? ""))"
    }.joined(separator: "; ")
  }

  private func scoreRows(_ result: JSON) -> String {
    ["dev", "test"].compactMap { split in
      guard let score = result["metrics"]?[split] else { return nil }
      let fractions = ["precision", "recall", "f1", "accuracy"].compactMap { name in
        (score[name]?.number).map { "\(name) \(percent($0))" }
      }
      let perplexity = (score["perplexity"]?.number).map { ["perplexity \((100 * $0).rounded() / 100)"] } ?? []
      return "| \(split) | \((perplexity + fractions).joined(separator: ", ")) |"
    }.joined(separator: "\n")
  }
}

/// 0.7915 as "79.15".
private func percent(_ value: Double) -> String {
  let hundredths = Int((value * 10000).rounded())
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

/// The last two components of a path.
private func shortPath(_ path: String) -> String { path.split(separator: "/").suffix(2).joined(separator: "/") }

/// Shortens every absolute path in `json`, so that published files reveal nothing about this machine.
func withoutPaths(_ json: JSON) -> JSON {
  switch json {
  case .string(let text) where text.hasPrefix("/"): .string(shortPath(text))
  case .array(let list): .array(list.map(withoutPaths))
  case .object(let members): .object(members.mapValues(withoutPaths))
  default: json
  }
}
