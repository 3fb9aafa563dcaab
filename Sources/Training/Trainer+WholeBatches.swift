/// Losses that compare all outputs of a batch: no shard's backward pass begins before every forward pass has ended.
import Autograd
import Encoders
import Synchronization
import Tasks

extension Trainer {
  /// The loss of a batch in several shards, and its gradients:
  /// 1. The outputs of all shards, in forward passes.
  /// 2. The loss of all outputs, also those of other ranks, and its gradient.
  /// 3. The shards' backward passes from this gradient.
  /// - Parameters:
  ///   - keys: the random key of each shard.
  ///   - isCached: whether the forward passes keep nothing, and are repeated with the same dropout before the backward passes,
  ///     so that the activations of one shard per thread are in memory (GradCache, Gao et al. 2021).
  func wholeBatchLosses(
    of learner: Learner, _ batches: [LabeledBatch], _ keys: [RandomKey], _ totals: BatchTotals, isCached: Bool
  ) -> [Double] {
    while !isCached, shardPasses.count < batches.count { shardPasses.append(ShardPass()) }
    let own = replicas.groups(ofShards: batches.count, gradients.table).ownShards
    let outputs = Mutex([[Float]](repeating: [], count: own.count))
    replicas.forEach(own.count) { [gradients, shardPasses] number, workspace in
      let index = own.lowerBound + number, batch = batches[index]
      let y =
        isCached
        ? learner.model(
          batch.input, adapters: learner.adapters, rows: batch.rows,
          Pass(workspace, gradients: gradients, randomKey: keys[index], records: false))
        : shardPasses[index].forward(keys[index]) {
          learner.model(batch.input, adapters: learner.adapters, rows: batch.rows, $0)
        }
      outputs.withLock { $0[number] = y.array }
    }
    let values = replicas.communicator.gatherLists(outputs.withLock { $0 }),
      (loss, gradient) = lossAndGradient(of: values, batches, learner, totals)
    let starts = offsets(ofParts: values.map(\.count))
    return replicas.sum(shards: batches.count, into: gradients, settings.reducePrecision) {
      [shardPasses] index, workspace, gradients in
      let batch = batches[index], dy = gradient[starts[index]..<starts[index + 1]]
      if isCached {
        let pass = Pass(workspace, gradients: gradients, randomKey: keys[index])
        pass.backward(from: learner.model(batch.input, adapters: learner.adapters, rows: batch.rows, pass), dy)
      } else {
        shardPasses[index].backward(dy, into: gradients)
      }
      return [index == 0 ? loss : 0]
    }
  }

  /// The loss of the outputs of all shards, and its gradient.
  private func lossAndGradient(
    of values: [[Float]], _ batches: [LabeledBatch], _ learner: Learner, _ totals: BatchTotals
  ) -> (loss: Double, gradient: [Float]) {
    let result = Mutex<(loss: Double, gradient: [Float])>((0, []))
    replicas.forEach(1) { [gradients] _, workspace in
      let pass = Pass(workspace, gradients: gradients), rows = totals.labeled
      let x = pass.make(rows, values.reduce(0) { $0 + $1.count } / max(rows, 1), tracked: true)
      for (offset, value) in values.joined().enumerated() { x.pointer[offset] = value }
      pass.record(x) { dx in result.withLock { $0.gradient = dx.array } }
      let loss = learner.task.loss(
        of: x, Targets.joined(batches.map(\.targets)), learner.adapters.outputLayers(of: learner.model).chain,
        norm: totals.weight,
        pass)
      pass.backward()
      result.withLock { $0.loss = loss }
    }
    return result.withLock { $0 }
  }
}

/// The pass of one shard between its forward and its backward, and the memory of both.
/// Sendable: one thread at a time uses it.
final class ShardPass: GradientSink, @unchecked Sendable {
  private let workspace = Workspace()
  private var open: (pass: Pass, y: Tensor)?
  /// Where gradients go, which is known when backward begins.
  private var sink: (any GradientSink)?

  func forward(_ key: RandomKey, _ body: (Pass) -> Tensor) -> Tensor {
    let pass = Pass(workspace, gradients: self, randomKey: key), y = body(pass)
    open = (pass, y)
    return y
  }

  func backward(_ dy: ArraySlice<Float>, into sink: any GradientSink) {
    guard let (pass, y) = open else { preconditionFailure("backward without forward") }
    (self.sink, open) = (sink, nil)
    pass.backward(from: y, dy)
    self.sink = nil
  }

  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    sink?.accumulate(parameter, body)
  }

  func accumulate(_ table: Parameter, rows: [Int32], _ dy: UnsafePointer<Float>) {
    sink?.accumulate(table, rows: rows, dy)
  }
}

extension Pass {
  /// Runs the tape from `y`, whose gradient is `gradient`.
  fileprivate func backward(from y: Tensor, _ gradient: ArraySlice<Float>) {
    let dy = make(y.rows, y.columns)
    for (offset, value) in gradient.enumerated() { dy.pointer[offset] = value }
    backward(from: y, gradient: dy)
  }
}
