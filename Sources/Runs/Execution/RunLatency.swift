/// How long a trained model takes for a single record.
import Autograd
import Datasets
import Tasks
import Training

extension Run {
  /// The median time in milliseconds, tokenization included, of predictions for up to 32 records of test, or else dev, one
  /// after the other on all threads; the adapter is not merged. nil: the first task has no such records.
  /// - Throws: `NotFinite`.
  var latency: Double? {
    get throws {
      guard let task = setup.inference as? any RecordInference,
        let records = setup.task.records(in: .test) ?? setup.task.records(in: .dev), records.count > 0
      else { return nil }
      let count = min(32, records.count), chosen = (0..<count).map { records[$0 * records.count / count] }
      let inference = Inference(model, adapters), tokenizer = tokenizer
      let times = Results<Result<[Double], any Error>>(count: 1)
      replicas.forEach(1) { _, workspace in
        times.set(
          0,
          Result {
            // The first is not measured.
            try (chosen.prefix(1) + chosen).map { record in
              let start = ContinuousClock.now
              _ = try inference.answer(record, task, tokenizer, workspace)
              return start.duration(to: .now) / .milliseconds(1)
            }
          })
      }
      return try times.all[0].get().dropFirst().sorted()[count / 2]
    }
  }
}
