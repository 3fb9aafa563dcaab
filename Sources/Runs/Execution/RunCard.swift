/// The model card of a run's adapter or model.
import Adapters
import Encoders
import Files
import FoundationEssentials
import Kernels
import Recipes
import Tasks
import Tokenization

extension Run {
  /// - Parameter last: nil: the run was interrupted, or its tasks have no records.
  func card(_ result: JSON, _ last: LastEvaluation?) -> ModelCard {
    let base = isRandomlyInitialized ? nil : baseName
    let sections = ["method", "distillation"].compactMap { key in withoutPaths(recipe.json)[key].map { (key, $0) } }
    let hash = baseHash.map { ", SHA-256 of its weights \($0)" } ?? ""
    return ModelCard(
      base: base, library: library, task: setup.inference,
      tags: [recipe.method.type.rawValue] + (recipe.distillation == nil ? [] : ["distillation"]) + ["tune"],
      title: "\(title) for \(type(of: setup.inference).description.purpose)", about: recipe.about,
      rows: [("base", (base ?? "none (random initialization)") + hash)] + distillationRows + multiTaskRows + [
        ("data", dataLine), ("SHA-256 of the data", digestLine),
        ("trainable parameters", "\(trainableParameterCount) of \(totalParameterCount)"), ("seed", "\(recipe.seed)"),
        ("made with", "tune \(tuneVersion)"),
      ] + scoreRows(result) + calibrationRows(last) + licenceRows,
      scored: ["test", "dev"].first { result["metrics"]?[$0]?.ofTask(name) != nil },
      sections: [intervalSection(result, last), weakSection(last)].compactMap { $0 },
      method: JSON.object(.init(uniqueKeysWithValues: sections)).text(), isAdapter: adapter != nil, python: python)
  }

  /// Only for adapters that PEFT can load: it has no class for prompts and prefixes of masked language models, and its class for
  /// questions drops the token types.
  private var python: PythonSnippet? {
    guard let adapter, type(of: adapter.method).format == .peft, !isRandomlyInitialized else { return nil }
    let virtualTokens = adapter.method.virtualTokenCount
    if virtualTokens > 0, model.headType.peftTaskType == nil || model.headType == .questionAnswering { return nil }
    return PythonSnippet(
      base: baseName, family: model.config.family, task: setup.inference, maxLength: tokenizer.maxLength,
      virtualTokens: virtualTokens, isPrefix: adapter.method is PrefixConfig,
      addPrefixSpace: tokenizer.tokenizer.settings["add_prefix_space"]?.bool,
      hasNewTokens: adapter.tokenRows != nil)
  }

  private var isRandomlyInitialized: Bool { recipe.model.initialization == .random }

  private var library: String {
    switch adapter.map({ type(of: $0.method).format }) {
    case nil: setup.inference is Embedding ? "sentence-transformers" : "transformers"
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
  private var distillationRows: [(name: String, value: String)] {
    guard let distillation = recipe.distillation else { return [] }
    let teachers = distillation.teachers.map { teacher in
      shortPath(teacher.path) + (teacher.adapter.map { " with \(shortPath($0))" } ?? "")
    }
    let precision = distillation.precision.map { "; in \($0.rawValue)" } ?? ""
    let terms = distillation.terms.map { "\($0.name) \($0.weight)" }
    return [("teachers", teachers.joined(separator: ", ") + precision), ("loss", terms.joined(separator: ", "))]
  }

  /// The tasks that the encoder was trained on together.
  private var multiTaskRows: [(name: String, value: String)] {
    parts.count == 1 ? [] : [("tasks", parts.map(\.name).joined(separator: ", ") + "; this one: \(name)")]
  }

  private var dataLine: String {
    recipe.data.splits.map { split, paths in
      "\(split.rawValue): \(paths.map(shortPath).joined(separator: ", ")) (\(setup.splitSizes[split] ?? ""))"
    }.joined(separator: "; ")
  }

  var headlineMetrics: [Metric] { recipe.task.type.inference.metrics.filter(\.isHeadline) }

  private func scoreRows(_ result: JSON) -> [(name: String, value: String)] {
    ["dev", "test"].compactMap { split in
      guard let score = result["metrics"]?[split]?.ofTask(name) else { return nil }
      let values = headlineMetrics.compactMap { metric in
        (score[metric.name]?.number).map { value in
          "\(metric.name) " + text(value, of: metric) + intervalText(result, split, metric)
        }
      }
      return (split, values.joined(separator: ", ") + (evaluationWindow(score).map { " " + $0 } ?? ""))
    }
  }
}

/// In percent, unless it is a loss.
func text(_ value: Double, of metric: Metric) -> String {
  metric.higherIsBetter ? percent(value) : "\((100 * value).rounded() / 100)"
}

/// 0.7915 as "79.15".
private func percent(_ value: Double) -> String {
  let hundredths = Int((abs(value) * 10000).rounded())
  return "\(value < 0 ? "-" : "")\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}
