/// Tests masked-language modeling: batches, evaluation, and results that do not depend on threads and shards.
import Autograd
import Encoders
import Files
import Glibc
import Tasks
import TestSupport
import Testing

@testable import Training

@Test func `a batch has the masked inputs, and rows and targets of the masked tokens`() throws {
  let bench = try MaskedBench(), task = try bench.task(), masking = try Masking(bench.tokenizer)
  let batch = task.batch([4, 0, 7], at: 9)
  let expected = [4, 0, 7].map { masking(bench.store[$0], key: (seed: 3, step: 9, example: $0)) }
  #expect(batch.input.ids == expected.flatMap(\.input))
  let all = expected.flatMap(\.targets), rows = all.indices.filter { all[$0] >= 0 }
  #expect(batch.rows == rows.map(Int32.init) && batch.targets == .classes(rows.map { all[$0] }))
  #expect(batch.weight == Float(rows.count) && batch.examples == [4, 0, 7])
  #expect(task.batch([4], at: 1).targets != task.batch([4], at: 2).targets)
}

@Test func `static masks are the same at every step, and a limit keeps the first blocks`() throws {
  let bench = try MaskedBench(), task = try bench.task(isDynamic: false, limit: 5)
  let (one, other) = (task.batch([0, 1, 2], at: 0), task.batch([0, 1, 2], at: 77))
  #expect(one.input.ids == other.input.ids && one.targets == other.targets)
  #expect(task.lengths == Array(bench.store.lengths.prefix(5)))
}

@Test func `an evaluation averages over all masked tokens, which are the same for every seed`() throws {
  let bench = try MaskedBench(), model = try MaskedBench.model("teacher"), masking = try Masking(bench.tokenizer)
  // Makes one token always the most probable, so that some predictions are correct.
  let target = try #require(masking(bench.store[0], key: (seed: 42, step: -1, example: 0)).targets.max())
  try #require(model.classifier.bias).pointer[Int(target)] = 20
  var (loss, correct, count) = (0.0, 0, 0)
  for block in 0..<bench.store.count {
    let (input, targets) = masking(bench.store[block], key: (seed: 42, step: -1, example: block))
    let logits = model(Batch([input]), Pass(Workspace()))
    for (row, target) in targets.enumerated() where target >= 0 {
      let values = (0..<logits.columns).map { Double(logits.pointer[row * logits.columns + $0]) }
      loss += log(values.reduce(0) { $0 + exp($1) }) - values[Int(target)]
      correct += values.indices.max { values[$0] < values[$1] } == Int(target) ? 1 : 0
      count += 1
    }
  }
  for (seed, threads): (UInt64, Int) in [(3, 1), (4, 2)] {
    let task = try bench.task(seed: seed)
    let found = try #require(
      try task.evaluate(model, adapters: .none, on: .dev) { Replicas(threads: threads).map($0, $1) })
    #expect(abs(found.loss - loss / Double(count)) < 1e-5 * found.loss)
    #expect(found.values["perplexity"] == exp(found.loss))
    #expect(found.values["accuracy"] == Double(correct) / Double(count) && correct > 0)
    #expect(found.json["masked_tokens"] == .int(count))
  }
  #expect(try bench.task().evaluate(model, adapters: .none, on: .test) { Replicas(threads: 1).map($0, $1) } == nil)
}

@Test func `threads and gradient checkpointing do not change a bit, with dropout and tied embeddings`() throws {
  let bench = try MaskedBench()
  let values = try [(1, false), (2, false), (3, false), (2, true)].map { threads, checkpointing in
    let model = try MaskedBench.model("teacher", dropout: 0.1)
    model.gradientCheckpointing = checkpointing
    var settings = TrainingSettings()
    (settings.duration, settings.batchSize, settings.learningRate) = (.steps(3), .examples(60), 1e-3)
    settings.metricForBestModel = .loss
    let table = ParameterTable(training: model.parameters)
    let trainer = try Trainer(model, try bench.task(), table, settings, Replicas(threads: threads))
    #expect(shards(of: Array(0..<60), lengths: SequenceLengths(bench.store.lengths), size: 512).count > 1)
    _ = try trainer.run(shouldStop: { false }, report: { _ in })
    return table.values
  }
  for other in values.dropFirst() { #expect(other == values[0]) }
  #expect(values[0].allSatisfy { $0.isFinite })
}

@Test func `shards add up to the batch, including gradients of tied word embeddings`() throws {
  let bench = try MaskedBench(), model = try MaskedBench.model("student"), task = try bench.task()
  let batch = step([task.batch(Array(0..<12), at: 0)], TaskLoss(), task, model)
  let parts = [0..<3, 3..<4, 4..<12].map { task.batch(Array($0), at: 0) }
  let sum = step(parts, TaskLoss(), task, model, threads: 2)
  #expect(abs(sum.losses[0] - batch.losses[0]) < 1e-5)
  #expect(relativeError(sum.gradients, batch.gradients) < 1e-5)
}

@Test func `a shard without a masked token adds nothing`() throws {
  let bench = try MaskedBench(), model = try MaskedBench.model("student"), task = try bench.task()
  let unmasked = LabeledBatch(
    examples: [1], input: Batch([[2, 1, 1, 1, 3]]), rows: [], targets: .classes([]), weight: 0)
  let batch = task.batch([0], at: 0)
  let alone = step([batch], TaskLoss(), task, model)
  for batches in [[batch, unmasked], [unmasked, batch]] {
    let both = step(batches, TaskLoss(), task, model, threads: 2)
    #expect(both.losses == alone.losses && both.gradients == alone.gradients)
  }
  let empty = step([unmasked], TaskLoss(), task, model)
  #expect(empty.losses == [0] && empty.gradients.allSatisfy { $0 == 0 })
}

@Test func `a batch can be restricted to labeled rows or extended to all`() {
  let batch = Batch([[2, 7, 8, 3], [2, 9, 3]])
  let tags = LabeledBatch(examples: [0, 1], input: batch, targets: .classes([-1, 4, -1, -1, -1, 2, -1]), weight: 2)
  let masks = LabeledBatch(examples: [0, 1], input: batch, rows: [1, 5], targets: .classes([4, 2]), weight: 2)
  for batch in [tags.withLabeledRows(.tokenClassification), masks.withLabeledRows(.maskedLM)] {
    #expect(
      batch.rows == [1, 5] && batch.targets == .classes([4, 2]) && batch.weight == 2 && batch.examples == [0, 1])
  }
  for batch in [tags.withAllRows(.tokenClassification), masks.withAllRows(.maskedLM)] {
    #expect(batch.rows == nil && batch.targets == tags.targets && batch.weight == 2)
  }
  let texts = LabeledBatch(examples: [0, 1], input: batch, targets: .classes([1, -1]), weight: 1)
  for batch in [texts.withLabeledRows(.sequenceClassification), texts.withAllRows(.sequenceClassification)] {
    #expect(batch.rows == nil && batch.targets == .classes([1, -1]))
  }
}
