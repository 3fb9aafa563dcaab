/// What a run leaves for others: PEFT's adapter or a Hub folder, our tune.json beside it, and a card for people.
import Adapters
import Checkpoints
import Files
import Models
import Tasks
import Tokenizers

extension Run {
  /// Name of the base for other people's eyes: no path of this machine.
  private var baseName: String { recipe.model.name }

  /// Writes `adapter/` or `model/` into the folder at `path`.
  func saveWeights(to path: String, _ result: JSON) throws {
    try makeFolder(path)
    if let adapter {
      try adapter.save(to: path, base: baseName, head: model.kind)
    } else {
      try model.save(to: path, labels: work.labels, as: FloatFormat(recipe.saveAs))
      try encoder.tokenizer.save(to: path, readsKinds: model.config.family.hasKinds)
    }
    try writeFile(sidecar.text() + "\n", to: path + "/tune.json")
    try writeFile(card(result), to: path + "/README.md")
  }

  /// What PEFT's files do not say and a predictor must know.
  private var sidecar: JSON {
    [
      "format": 1,
      "task": .string(recipe.task.type.rawValue),
      "base": [
        "name": .string(baseName), "sha256": baseHash.map(JSON.string) ?? .null, "parameters": .int(baseParameters),
      ],
      "labels": .array(work.labels.map(JSON.string)),
      "max_length": .int(encoder.maxLength),
      "stride": .int(encoder.stride),
      "tokenizer": encoder.tokenizer.settings,
      "recipe": withoutPaths(recipe.json),
    ]
  }

  private var baseParameters: Int { totalParameters - (adapter?.addedParameters ?? 0) }

  private func card(_ result: JSON) -> String {
    let method = withoutPaths(recipe.json)["method"]?.text() ?? ""
    let about = recipe.about.map { "\n\($0)\n" } ?? ""
    return """
      ---
      base_model: \(baseName)
      library_name: \(adapter == nil ? "transformers" : "peft")
      pipeline_tag: \(pipeline)
      tags:
      \(adapter == nil ? "- full" : "- lora")
      - tune
      ---

      # \(baseName), \(adapter == nil ? "fine-tuned in full" : "a LoRA adapter") for \(purpose)
      \(about)
      | | |
      |---|---|
      | base | \(baseName)\(baseHash.map { ", SHA-256 of its weights \($0)" } ?? "") |
      | labels | \(work.labels.isEmpty ? "the vocabulary" : work.labels.joined(separator: ", ")) |
      | data | \(dataLine) |
      | trainable parameters | \(trainableParameters) of \(totalParameters) |
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

  private var purpose: String {
    switch work.kind {
    case .tokens: "token classification"
    case .sequence: "text classification"
    case .masked: "masked language modelling"
    }
  }

  private var use: String {
    switch (work.kind, adapter == nil) {
    case (.masked, true): "As \"model.path\" of another recipe, or with transformers' AutoModelForMaskedLM."
    case (.masked, false): "With PEFT over the base, or as the start of another adapter."
    case (_, true): "`tune predict THIS_FOLDER FILE`."
    case (_, false): "`tune predict BASE --adapter name=THIS_FOLDER FILE`."
    }
  }

  private var scoring: String {
    work.kind == .masked
      ? "Perplexity and accuracy are those of masked tokens, with masks that are always the same."
      : "Entities are scored whole: type and both ends must agree (seqeval's default mode)."
  }

  private var pipeline: String { work.kind == .masked ? "fill-mask" : purpose.replacing(" ", with: "-") }

  private var dataLine: String {
    recipe.data.files.map { split, paths in
      "\(split): \(paths.map(tail).joined(separator: ", ")) (\(work.amounts[split] ?? ""))"
    }.joined(separator: "; ")
  }

  private func scoreRows(_ result: JSON) -> String {
    ["dev", "test"].compactMap { split in
      guard let score = result["metrics"]?[split] else { return nil }
      let shares = ["precision", "recall", "f1", "accuracy"].compactMap { name in
        (score[name]?.number).map { "\(name) \(percent($0))" }
      }
      let perplexity = (score["perplexity"]?.number).map { ["perplexity \((100 * $0).rounded() / 100)"] } ?? []
      return "| \(split) | \((perplexity + shares).joined(separator: ", ")) |"
    }.joined(separator: "\n")
  }
}

/// 0.7915 as "79.15".
private func percent(_ value: Double) -> String {
  let hundredths = Int((value * 10000).rounded())
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

private func tail(_ path: String) -> String { path.split(separator: "/").suffix(2).joined(separator: "/") }

/// The same tree with every absolute path cut to its last part: what leaves this machine says nothing about it.
private func withoutPaths(_ json: JSON) -> JSON {
  switch json {
  case .string(let text) where text.hasPrefix("/"): .string(tail(text))
  case .array(let list): .array(list.map(withoutPaths))
  case .object(let members): .object(members.mapValues(withoutPaths))
  default: json
  }
}

extension FloatFormat {
  fileprivate init(_ numbers: Recipe.Numbers) {
    switch numbers {
    case .fp32: self = .f32
    case .fp16: self = .f16
    case .bf16: self = .bf16
    }
  }
}
