/// Which files in a run's folder the run has written, by their place. All others are the user's and are never removed.
import Files
import Recipes

extension RunFolder {
  /// Whether the run in `folder` writes a file with this path in it. The folder's recipe.json names its tasks.
  func ownFiles(of folder: String) -> (String) -> Bool {
    let saved = (try? JSON(path: folder + "/recipe.json"))?["multi_task"]?["tasks"]?.object ?? [:]
    let tasks = Set(saved.keys).union(recipe.parts.map(\.name))
    return { Self.isOwn($0, tasks: tasks) }
  }

  /// - Parameters:
  ///   - path: in the run's folder. Names of temporary files count as what they were to become.
  ///   - tasks: those that have folders of their own in adapter, model and predictions.
  static func isOwn(_ path: String, tasks: Set<String> = []) -> Bool {
    var parts = path.split(separator: "/").map { permanentName(String($0)) ?? String($0) }
    let place = parts.removeFirst()
    if parts.count > 1, tasks.contains(parts[0]) { parts.removeFirst() }
    let name = parts.joined(separator: "/")
    switch place {
    case "adapter", "model": return modelFiles.contains(name)
    case "predictions": return ["dev.jsonl", "test.jsonl"].contains(name)
    case "snapshots": return isNumbered(name, "step-", ".safetensors")
    default: return parts.isEmpty && (runFiles.contains(place) || isNumbered(place, "events.out.tfevents.", ".tune"))
    }
  }

  private static func isNumbered(_ name: String, _ prefix: String, _ suffix: String) -> Bool {
    name.hasPrefix(prefix) && name.hasSuffix(suffix) && name.count > prefix.count + suffix.count
      && name.dropFirst(prefix.count).dropLast(suffix.count).allSatisfy(\.isNumber)
  }

  private static let runFiles: Set = [
    marker, "recipe.json", "metrics.jsonl", "metrics.csv", "result.json", "report.html", "cross_evaluation.json",
  ]

  private static let modelFiles: Set = [
    "README.md", "tune.json", "adapter_config.json", "adapter_model.safetensors", "adapter.safetensors",
    "head_config.json", "model_head.safetensors", "config.json", "model.safetensors", "vocab.txt", "vocab.json",
    "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "modules.json",
    "1_Pooling/config.json", "sentence_bert_config.json", "config_sentence_transformers.json",
  ]
}
