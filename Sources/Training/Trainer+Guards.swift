/// When training stops because of its numbers: a loss that spikes, a loss or gradient that is not finite.
import Autograd
import Tasks

extension Trainer {
  func watch(_ record: StepRecord, _ examples: [Int]) throws(TrainingFault) {
    guard let median = state.spikeDetector.add(record.loss, factor: settings.maxLossSpike) else { return }
    throw .lossSpike(
      step: record.step, loss: record.loss, median: median, factor: settings.maxLossSpike ?? 0,
      examples: examples.map(task.describe))
  }
}

extension Trainer {
  func notFinite(_ loss: Double, norm: Double?, _ examples: [Int]) -> TrainingFault {
    .notFinite(
      NonFiniteStep(
        step: state.step + 1, loss: loss, norm: norm, examples: examples.map(task.describe),
        weight: extreme { UnsafeBufferPointer($0.values) },
        gradient: extreme { UnsafeBufferPointer(start: gradients.pointer + ($0.offset ?? 0), count: $0.count) }))
  }

  private func extreme(_ numbers: (Parameter) -> UnsafeBufferPointer<Float>) -> NonFiniteStep.Extreme {
    var most = NonFiniteStep.Extreme(name: "none", value: 0)
    for parameter in table.parameters {
      for value in numbers(parameter) {
        if !value.isFinite { return .init(name: parameter.name, value: value) }
        if abs(value) > abs(most.value) { most = .init(name: parameter.name, value: value) }
      }
    }
    return most
  }
}
