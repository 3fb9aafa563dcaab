/// A few steps of a run, the one with the most tokens first, to tell what the whole run will cost. They are true steps:
/// who has rehearsed does not train afterwards.
import Autograd
import Models
import Tasks

public struct DryRun: Sendable {
  /// Steps that were taken.
  public let steps: Int
  /// Tokens of the first epoch's longest step.
  public let longest: Int
  /// Of the whole run: tokens learned from, seconds of steps, seconds of evaluations.
  public let tokens: Int
  public let trainSeconds, evaluationSeconds: Double
}

extension Trainer {
  /// The longest step, the shortest, the one between, and then others of all lengths until they have taken four seconds:
  /// memory is kept by size, so that each length may add to what the longest took. With best weights beside it.
  public func dryRun() throws -> DryRun {
    let batches = batcher.batches(epoch: 0)
    let all = (0..<min(steps, stepsPerEpoch)).map { examples(of: $0, in: batches) }
    let sizes = all.map { $0.reduce(0) { $0 + batcher.lengths[$1] } }
    let order = sizes.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
    if task.tokens(in: .dev) > 0 { state.bestWeights = table.values }
    let longest = order[order.count - 1], begun = try step(all[longest]).seconds
    // The longest has warmed caches and pools, so that the others tell the speed.
    var taken: [StepRecord] = []
    while taken.count < 2 || taken.count < 50 && state.seconds - begun < 4 {
      taken.append(try step(all[order[Int(spread(taken.count) * Double(order.count - 1))]]))
    }
    let measured = taken.reduce(0) { $0 + $1.tokens }
    let tokens = Int(Double(sizes.reduce(0, +)) * Double(steps) / Double(all.count))
    return DryRun(
      steps: taken.count + 1, longest: sizes[longest], tokens: tokens,
      trainSeconds: (state.seconds - begun) * Double(tokens) / Double(max(measured, 1)),
      evaluationSeconds: Double(evaluatedTokens) * secondsOfForward(Array(all.prefix(taken.count))))
  }

  /// Tokens that the run's evaluations read: dev as often as it is asked, then dev and test once more.
  private var evaluatedTokens: Int {
    let every = settings.evalSteps ?? stepsPerEpoch
    let evaluations = (steps + every - 1) / every
    return (evaluations + 1) * task.tokens(in: .dev) + task.tokens(in: .test)
  }

  /// Seconds that a forward without a backward takes, by token.
  private func secondsOfForward(_ steps: [[Int]]) -> Double {
    let clock = ContinuousClock(), begin = clock.now
    var tokens = 0
    for examples in steps where tokens == 0 || clock.now - begin < .milliseconds(500) {
      let lessons = shards(of: examples, lengths: batcher.lengths, size: 512).map { task.lesson($0, at: 0) }
      replicas.forEach(lessons.count) { [model, task] index, workspace in
        let lesson = lessons[index], pass = Pass(workspace)
        _ = task.loss(of: model(lesson.batch, rows: lesson.rows, pass), lesson.targets, norm: lesson.weight, pass)
      }
      tokens += examples.reduce(0) { $0 + batcher.lengths[$1] }
    }
    return (clock.now - begin) / .seconds(1) / Double(max(tokens, 1))
  }
}

/// 0, 1/2, 1/4, 3/4, 1/8, …: any number of them lie evenly in 0..<1 (van der Corput 1935).
private func spread(_ index: Int) -> Double {
  var rest = index, digit = 0.5, sum = 0.0
  while rest > 0 {
    sum += Double(rest % 2) * digit
    (rest, digit) = (rest / 2, digit / 2)
  }
  return sum
}
