/// Evaluations that several ranks divide among themselves.
import Autograd
import Datasets
import Encoders
import Files
import Tasks
import TestSupport
import Testing

@testable import Training

/// Batch i has i sequences of 2 classes and i + 1 sums.
private func output(_ batch: Int) -> BatchOutput {
  BatchOutput(
    sums: (0...batch).map { 1 / Double($0 + batch + 1) },
    logits: (0..<batch).map { Logits(classes: 2, values: (0..<2 * $0).map { Float($0 + batch) / 3 }) })
}

@Test(arguments: 0...7) func `every rank gets the outputs of all batches in their order`(_ count: Int) throws {
  for size in 1...4 {
    let found = try ThreadRank.all(size) {
      Replicas(threads: $0.rank % 2 + 1, communicator: $0).map(count) { batch, _ in output(batch) }
    }
    #expect(found == Array(repeating: (0..<count).map(output), count: size))
  }
}

@Test func `each batch is computed by one rank`() throws {
  let computed = try ThreadRank.all(3) { ranks in
    let own = Results<Int>(count: 8)
    _ = Replicas(threads: 2, communicator: ranks).map(8) { batch, _ in
      own.set(batch, batch)
      return BatchOutput()
    }
    return own.all
  }
  #expect(computed == [[0, 3, 6], [1, 4, 7], [2, 5]])
}

@Test func `ranks score masked tokens as one process does`() throws {
  let bench = try MaskedBench(), model = try MaskedBench.model("teacher"), task = try bench.task()
  let expected = try task.evaluate(model, adapters: .none, on: .dev) { Replicas(threads: 1).map($0, $1) }
  for size in [2, 3] {
    let found = try ThreadRank.all(size) { ranks in
      try task.evaluate(model, adapters: .none, on: .dev) { Replicas(threads: 1, communicator: ranks).map($0, $1) }?
        .json
    }
    #expect(found == Array(repeating: expected?.json, count: size))
  }
}

@Test(arguments: [0, 1, 2]) func `a signal to any rank stops an evaluation on all`(_ signaled: Int) throws {
  let wasStopped = try ThreadRank.all(3) { ranks in
    let run = try TwentySteps("lora")
    let trainer = try Trainer(
      run.model, run.task, run.table, TwentySteps.settings, Replicas(threads: 1, communicator: ranks),
      adapters: run.adapters)
    do {
      _ = try trainer.withProgress(
        of: .test, before: [], shouldStop: { ranks.rank == signaled }, report: { _ in }
      ) { map in try map(5) { batch, _ in output(batch) } }
      return false
    } catch is EvaluationInterrupted { return true }
  }
  #expect(wasStopped == [true, true, true])
}
