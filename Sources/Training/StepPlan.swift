/// Which epoch and which batches each step of a run has. A pure function of the settings and the examples' lengths, so
/// that a run can resume at any step. With batches by tokens every epoch has its own number of steps.

struct StepPlan: Sendable {
  let batcher: any BatchSource
  private let batchesPerStep: Int
  /// Steps of the run.
  let steps: Int
  /// Step counts at the beginning of epochs, from 0: of the first two if all epochs have the same number of steps, else
  /// of all until the run's end.
  private let epochStarts: [Int]
  private let hasEqualEpochs: Bool

  /// An epoch, the index of a step in it, and the number of its steps.
  struct Position: Equatable {
    let epoch, index, epochSteps: Int
  }

  /// - Parameter batchesPerStep: the last step of an epoch has the batches that are left.
  /// - Throws: `TrainingFault` if there is no example, or for more than a billion steps.
  init(_ batcher: any BatchSource, _ duration: TrainingSettings.Duration, batchesPerStep: Int) throws(TrainingFault) {
    func epochSteps(_ epoch: Int) -> Int {
      (batcher.batches(epoch: epoch).count + batchesPerStep - 1) / batchesPerStep
    }
    let first = epochSteps(0), hasEqualEpochs = batcher.hasEqualEpochs
    guard first > 0 else { throw .noExamples }
    var starts = [0, first]
    /// Adds epochs until `isComplete`, unless all are like the first.
    func addEpochs(until isComplete: ([Int]) -> Bool) {
      while !hasEqualEpochs, !isComplete(starts) {
        starts.append(starts[starts.count - 1] + epochSteps(starts.count - 1))
      }
    }
    switch duration {
    case .steps(let count):
      addEpochs { $0[$0.count - 1] >= count }
      steps = count
    case .epochs(let epochs):
      guard epochs * Double(first) < 1e9 else { throw .tooLong(epochs: epochs) }
      addEpochs { Double($0.count - 1) >= epochs }
      // A fraction of an epoch is a fraction of its steps.
      let last = min(Int(epochs), starts.count - 2), lastSteps = starts[last + 1] - starts[last]
      steps = max(1, starts[last] + Int((epochs * Double(lastSteps)).rounded(.up)) - last * lastSteps)
    }
    (self.batcher, self.batchesPerStep) = (batcher, batchesPerStep)
    (epochStarts, self.hasEqualEpochs) = (starts, hasEqualEpochs)
  }

  /// The position of the step with this number, counted from 0. That of `steps` is behind the last step.
  func position(of step: Int) -> Position {
    if hasEqualEpochs {
      let epochSteps = epochStarts[1]
      return Position(epoch: step / epochSteps, index: step % epochSteps, epochSteps: epochSteps)
    }
    var (low, high) = (0, epochStarts.count)  // epochStarts[low] ≤ step < epochStarts[high]
    while low + 1 < high {
      let middle = (low + high) / 2
      if epochStarts[middle] <= step { low = middle } else { high = middle }
    }
    let next = low + 1 < epochStarts.count ? epochStarts[low + 1] : step + 1
    return Position(epoch: low, index: step - epochStarts[low], epochSteps: next - epochStarts[low])
  }

  /// Epochs done after so many steps, with a fraction.
  func epochs(after steps: Int) -> Double {
    let position = position(of: steps)
    return Double(position.epoch * position.epochSteps + position.index) / Double(position.epochSteps)
  }

  /// Whether an epoch ends after so many steps.
  func isEndOfEpoch(_ steps: Int) -> Bool { position(of: steps).index == 0 }

  /// The examples of every step of an epoch.
  func epoch(_ epoch: Int) -> [[Int]] {
    let batches = batcher.batches(epoch: epoch)
    return stride(from: 0, to: batches.count, by: batchesPerStep).map {
      Array(batches[$0..<min($0 + batchesPerStep, batches.count)].joined())
    }
  }
}
