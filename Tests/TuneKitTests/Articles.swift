/// The Swift of the articles in Sources/TuneKit/TuneKit.docc. `TuneKitTests` compares both, and runs it.
import Foundation
import TuneKit

/// Trains by a recipe, prints the progress, and returns the F1 score on the test data.
func fineTune(recipe: String) throws -> Double? {
  let training = try FineTuning(recipe: recipe, settings: ["training.epochs=2"])
  let result = try training.run(.overwrite) { progress in
    if case .evaluation(let epoch, let metrics, _) = progress { print("epoch \(epoch): F1 \(metrics["f1"] ?? 0)") }
  }
  print("\(result.trainableParameters) of \(result.totalParameters) parameters were trained: \(result.folder)")
  return result.metrics["test"]?["f1"]
}

/// Trains for some seconds at a time; true: the run is finished.
func fineTune(recipe: String, seconds: Double) throws -> Bool {
  let training = try FineTuning(recipe: recipe), end = ContinuousClock.now + .seconds(seconds)
  return try !training.run(.resume, shouldStop: { .now > end }).isInterrupted
}

/// Prints the entities that two adapters find in a note.
func findEntities(in note: String, base: String, adapters: [String: String]) throws {
  let model = try BaseModel(base, adapters: adapters)
  let predictions = try model.predict(model.adapters.map { (input: .text(note), adapter: $0) })
  for (name, prediction) in zip(model.adapters, predictions) {
    for entity in prediction.entities { print(name, entity.label, entity.text, entity.probability) }
  }
}

/// Replaces an adapter by a newer run, if that is sound and for this base.
func update(_ model: BaseModel, _ name: String, from run: String) -> Bool {
  do { try model.load(name, from: run) } catch {
    print("\(run) is not used: \(error)")
    return false
  }
  return true
}

/// Serves until the task is cancelled.
func serve(base: String, adapters: [String: String]) async throws {
  var settings = AdapterServer.Settings()
  settings.port = 0
  let server = try AdapterServer(base: base, adapters: adapters, settings)
  try await server.run { port in print("http://127.0.0.1:\(port)") }
}

/// A disorder that a note mentions, and whether the patient has it: "present", "absent" or "possible".
struct Assertion {
  let note: String, mention: Range<String.Index>, status: String

  /// The note with brackets around the mention.
  var marked: String { "\(note[..<mention.lowerBound])[ \(note[mention]) ]\(note[mention.upperBound...])" }
}

/// Trains on labeled mentions, and returns the run's folder.
func train(_ assertions: [Assertion], base: String, in folder: String) throws -> String {
  let lines = try assertions.map { try JSONEncoder().encode(["text": $0.marked, "label": $0.status]) }
  try Data(lines.joined(separator: Data("\n".utf8))).write(to: URL(filePath: "\(folder)/train.jsonl"))
  let recipe = """
    {
      "model": {"path": "\(base)"}, "task": {"type": "sequence_classification"},
      "data": {"format": "jsonl", "train": "\(folder)/train.jsonl"},
      "method": {"type": "lora"}, "training": {"epochs": 20, "batch_size": 8, "learning_rate": 2e-3},
      "output": "\(folder)/assertions"
    }
    """
  try Data(recipe.utf8).write(to: URL(filePath: "\(folder)/recipe.json"))
  return try FineTuning(recipe: "\(folder)/recipe.json").run().folder
}

/// Trains a small BERT from random weights on a file of text, and returns the folder of the model.
/// - Parameter tokenizer: a folder with a vocabulary, such as one of `tune tokenizer train`.
func pretrain(on text: String, tokenizer: String, in folder: String) throws -> String {
  let recipe = """
    {
      "model": {
        "init": "random", "tokenizer": "\(tokenizer)",
        "config": {
          "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128,
          "max_position_embeddings": 64
        }
      },
      "task": {"type": "masked_lm"}, "data": {"format": "text", "train": "\(text)", "max_length": 64},
      "method": {"type": "full"}, "training": {"epochs": 2, "learning_rate": 1e-3}, "output": "\(folder)/pretrained"
    }
    """
  try Data(recipe.utf8).write(to: URL(filePath: "\(folder)/pretrain.json"))
  return try FineTuning(recipe: "\(folder)/pretrain.json").run().folder + "/model"
}
