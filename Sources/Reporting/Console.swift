/// Prints a run's progress on standard error: a progress bar on a terminal, else plain lines.
import Files
import FoundationEssentials
import Glibc
import Kernels
import Tasks
package import Training

package final class Console {
  private let terminal = ProgressTerminal()
  private let interval: Int
  private var lastTokens = 0
  private var lastSeconds = 0.0
  private var lossSum = 0.0
  private var lossCount = 0
  private var speed = 0.0
  private var lastEvaluating: ContinuousClock.Instant?

  /// - Parameter interval: steps between plain lines.
  package init(interval: Int) { self.interval = interval }

  package func print(_ line: String) { terminal.print(line) }

  /// Removes the progress line from a terminal.
  package func clear() { terminal.clear() }

  package func report(_ event: TrainingEvent) {
    switch event {
    case .step(let step): report(step)
    case .evaluating(let progress): report(progress)
    case .evaluated(let record):
      let values = record.evaluation.values.filter { isShown($0.key) }.sorted { $0.key < $1.key }
        .map { "\($0.key) \(fixed($0.value, 4))" }
      print(
        "epoch \(fixed(record.epoch, 2))  dev: \(values.joined(separator: "  "))  (\(fixed(record.seconds, 1)) s)"
          + (record.isBest ? "  best so far" : ""))
    }
  }

  private func report(_ step: StepRecord) {
    lossSum += step.loss
    lossCount += 1
    let isLast = step.step == step.steps
    guard
      step.step % interval == 0 || step.step == 1 || isLast || (terminal.isTerminal && step.seconds - lastSeconds > 0.2)
    else {
      return
    }
    let current = Double(step.totalTokens - lastTokens) / max(step.seconds - lastSeconds, 1e-9)
    speed = speed == 0 ? current : 0.7 * speed + 0.3 * current
    (lastTokens, lastSeconds) = (step.totalTokens, step.seconds)
    let line = ProgressLine(
      fraction: Double(step.step) / Double(max(step.steps, 1)), position: "step \(step.step)/\(step.steps)",
      values: [
        ("loss \(fixed(lossSum / Double(lossCount), 4))", 1), ("lr \(scientific(step.learningRate))", 3),
        ("\(Int(speed)) tokens/s", 2), ("\(Processor.peakMemory / 1_000_000) MB", 4),
        ("ETA \(clockTime(step.secondsLeft))", 0),
      ])
    if terminal.isTerminal { terminal.show(line, isLast ? "\n" : "") } else { print(line.plain) }
    if step.step % interval == 0 { (lossSum, lossCount) = (0, 0) }
  }

  private func report(_ progress: EvaluationProgress) {
    guard terminal.isTerminal, lastEvaluating.map({ .now - $0 > .milliseconds(200) }) ?? true else { return }
    lastEvaluating = .now
    terminal.show(
      ProgressLine(
        fraction: progress.fraction, position: "evaluating \(progress.split.rawValue)",
        values: [("\(Int(100 * progress.fraction)) %", 1), ("ETA \(clockTime(progress.secondsLeft))", 0)]))
  }
}

/// 0.00097 as "9.70e-4".
private func scientific(_ value: Double) -> String {
  guard value > 0 else { return "0" }
  let exponent = Int(floor(log10(value)))
  return "\(fixed(value / pow(10, Double(exponent)), 2))e\(exponent)"
}

/// Seconds as "1:07" or "2:03:09".
func clockTime(_ seconds: Double) -> String {
  let whole = Int(seconds.isFinite ? seconds.rounded() : 0)
  func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
  return whole < 3600
    ? "\(whole / 60):\(twoDigits(whole % 60))"
    : "\(whole / 3600):\(twoDigits(whole / 60 % 60)):\(twoDigits(whole % 60))"
}

/// Whether the line of an evaluation shows a metric. The log has all.
private func isShown(_ name: String) -> Bool {
  name == Metric.loss.name || TaskType.metric(named: name)?.isHeadline ?? true
}
