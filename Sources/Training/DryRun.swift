/// Takes a few training steps, the one with the most tokens first, to estimate the resources of the whole run. The
/// steps change the weights: a trainer must not be used for training after a dry run.
import Autograd
import Encoders
import Tasks

package struct DryRun: Sendable {
  /// Steps taken.
  package let steps: Int
  /// Tokens of the longest step in the first epoch.
  package let longestStepTokens: Int
  /// For the whole run: training tokens, seconds of training steps, seconds of evaluations.
  package let tokens: Int
  package let trainSeconds, evaluationSeconds: Double
  /// Steps of the first epoch on several ranks; none if a step has work for one only.
  package let ranks: [RankEstimate]
}

extension Trainer {
  /// Takes the longest step first, then the shortest, the middle one and others of all lengths, until these others took
  /// four seconds or are 50. Buffers are pooled by size, so every length may add to the memory of the longest. A copy
  /// of the weights takes the memory of the best weights.
  package func dryRun() throws -> DryRun {
    let all = Array(plan.epoch(0).prefix(steps))
    let sizes = all.map { $0.reduce(0) { $0 + plan.batcher.lengths[$1] } }
    let order = sizes.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
    if learners.tokens(in: .dev) > 0 { state.bestWeights = table.values }
    let longest = order[order.count - 1], warmupSeconds = try step(all[longest]).seconds
    // The longest step is not timed: it warmed up caches and buffer pools.
    var timed: [StepRecord] = []
    while timed.count < 2 || timed.count < 50 && state.seconds - warmupSeconds < 4 {
      timed.append(try step(all[order[Int(vanDerCorput(timed.count) * Double(order.count - 1))]]))
    }
    let timedTokens = timed.reduce(0) { $0 + $1.tokens }
    let epochs = plan.epochs(after: steps) / plan.epochs(after: all.count)
    let tokens = Int((Double(sizes.reduce(0, +)) * epochs).rounded())
    let trainSeconds = (state.seconds - warmupSeconds) * Double(tokens) / Double(max(timedTokens, 1))
    return DryRun(
      steps: timed.count + 1, longestStepTokens: sizes[longest], tokens: tokens, trainSeconds: trainSeconds,
      evaluationSeconds: Double(evaluatedTokens) * forwardSecondsPerToken(Array(all.prefix(timed.count))),
      ranks: rankEstimates(
        (0..<min(100, all.count)).map { all[$0 * all.count / min(100, all.count)] },
        seconds: trainSeconds / Double(max(steps, 1)), updateSeconds: updateSeconds()))
  }

  /// Seconds of one more update from the gradients of the last step.
  private func updateSeconds() -> Double {
    let clock = ContinuousClock()
    let time = clock.measure {
      _ = optimizerStep.apply(gradients, number: state.step + 1, learningRate: 0, replicas)
    }
    return time / .seconds(1)
  }

  /// Tokens of all evaluations: dev at the start and at every evaluation, then test.
  private var evaluatedTokens: Int {
    let evaluations = evaluationCount(until: steps) + (settings.evalOnStart ? 1 : 0) + evaluationsAtEnd
    return evaluations * learners.tokens(in: .dev) + learners.tokens(in: .test)
  }

  private func forwardSecondsPerToken(_ steps: [[Int]]) -> Double {
    let clock = ContinuousClock(), begin = clock.now
    var tokens = 0
    for examples in steps where tokens == 0 || clock.now - begin < .milliseconds(500) {
      let number = learnerNumber(of: examples[0]), learner = learners[number], first = firstExamples[number]
      _ = Inference(learner.model, learner.adapters).run(
        lengths: examples.map { plan.batcher.lengths[$0] }, { replicas.map($0, $1) },
        batch: { indices in learner.task.batch(indices.map { examples[$0] - first }, at: 0) }
      ) { batch, logits, pass in
        let chain = learner.adapters.outputLayers(of: learner.model).chain
        return BatchOutput(sums: [learner.task.loss(of: logits, batch.targets, chain, norm: batch.weight, pass)])
      }
      tokens += examples.reduce(0) { $0 + plan.batcher.lengths[$1] }
    }
    return (clock.now - begin) / .seconds(1) / Double(max(tokens, 1))
  }
}

/// The base-2 van der Corput sequence 0, 1/2, 1/4, 3/4, 1/8, …: every prefix is spread evenly over 0..<1.
private func vanDerCorput(_ index: Int) -> Double {
  var rest = index, digit = 0.5, sum = 0.0
  while rest > 0 {
    sum += Double(rest % 2) * digit
    (rest, digit) = (rest / 2, digit / 2)
  }
  return sum
}
