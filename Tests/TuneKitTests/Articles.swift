/// The Swift of the articles in Sources/TuneKit/TuneKit.docc. `ArticlesTests` compares both, and runs it.
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
