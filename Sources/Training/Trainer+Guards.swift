/// Stops training if the loss spikes, or if a loss or gradient is not finite.
import Autograd
import Tasks

extension Trainer {
  func checkLossSpike(_ record: StepRecord, _ examples: [Int]) throws(TrainingFault) {
    guard let median = state.spikeDetector.add(record.loss, factor: settings.maxLossSpike) else { return }
    throw .lossSpike(
      step: record.step, loss: record.loss, median: median, factor: settings.maxLossSpike ?? 0,
      examples: examples.map(describe))
  }
}

extension Trainer {
  func nonFiniteFault(_ loss: Double, norm: Double?, _ examples: [Int]) -> TrainingFault {
    .nonFiniteStep(
      NonFiniteStep(
        step: state.step + 1, loss: loss, norm: norm, examples: examples.map(describe),
        weight: firstNonFiniteOrLargest { UnsafeBufferPointer($0.values) },
        gradient: firstNonFiniteOrLargest {
          UnsafeBufferPointer(start: gradients.pointer + ($0.offset ?? 0), count: $0.count)
        }))
  }

  private func firstNonFiniteOrLargest(
    _ numbers: (Parameter) -> UnsafeBufferPointer<Float>
  ) -> NonFiniteStep.Extreme {
    var largest = NonFiniteStep.Extreme(name: "none", value: 0)
    for parameter in table.parameters {
      for value in numbers(parameter) {
        if !value.isFinite { return .init(name: parameter.name, value: value) }
        if abs(value) > abs(largest.value) { largest = .init(name: parameter.name, value: value) }
      }
    }
    return largest
  }
}
