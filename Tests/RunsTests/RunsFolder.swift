/// A temporary folder with runs, for tests.
import Files
import TestSupport

struct RunsFolder {
  let folder = TemporaryFolder()
  var path: String { folder.path }

  /// Writes the files of a run. Without `f1`, its score on test, it has no result; without `dev` it was not evaluated on
  /// dev.
  func add(
    _ name: String, rank: Int? = 8, alpha: Double? = nil, seed: Int = 1, f1: Double? = nil, loss: Double = 0.5,
    dev: Double? = 0.25
  ) throws {
    let run = path + "/" + name
    try makeFolder(run)
    var method: JSON =
      rank.map { ["type": "lora", "rank": .int($0), "target_modules": ["query", "value"]] } ?? ["type": "full"]
    if let alpha { method = method.with("alpha", .double(alpha)) }
    let recipe: JSON = [
      "about": .string(name), "seed": .int(seed), "model": ["path": "../models/mini", "dropout": 0.1], "method": method,
      "training": ["learning_rate": 1e-3], "output": .string(run), "distillation": ["dropout": 0.2],
    ]
    try writeFile(recipe.text(), to: run + "/recipe.json")
    try writeFile("", to: run + "/.tune-run")
    guard let f1 else { return }
    var result: JSON = [
      "status": "completed", "seed": .int(seed), "train_seconds": .double(10 * loss), "trainable_parameters": 7,
      "metrics": ["test": ["f1": .double(f1), "loss": .double(loss), "per_type": ["A": ["f1": .double(f1)]]]],
    ]
    if let dev {
      result = result.with("best", ["metric": "f1", "value": .double(dev)])
        .with("metrics.dev", ["f1": .double(dev), "loss": .double(1 - dev), "per_type": ["A": ["f1": .double(dev)]]])
    }
    try writeFile(result.text(), to: run + "/result.json")
  }
}
