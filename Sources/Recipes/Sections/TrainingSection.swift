/// The keys of the trainer's settings in the recipe's section "training": duration, batches, and weight averages.
import Training

extension TrainingSettings {
  mutating func declareBatches(_ fields: Fields) {
    declareDuration(fields)
    var size: Batcher.Size? = batchSize
    fields.declareBatchSize(&size)
    batchSize = size ?? batchSize
    fields.field(
      "train_sampling_strategy", &samplingStrategy, .choice,
      "Random batches, or batches of examples of similar length.")
    fields.field(
      "gradient_accumulation_steps", &gradientAccumulationSteps, .int(1...),
      "Batches per step.")
    fields.field(
      "reduce_precision", &reducePrecision, .choice,
      "Precision in which gradients are added over parts of a batch, and sent between the processes of a run.")
  }

  mutating func declareOptimization(_ fields: Fields) {
    fields.field(
      "learning_rate", &learningRate, .number(above: 0), "Peak learning rate; the default depends on the method.")
    declareSchedule(fields)
    optimizer.declare(fields)
    fields.field(
      "groups", &groups, .list(of: .group), "Parameters with their own learning rate or weight decay, by name.")
    fields.check(
      optimizer.type == .adamw || fields.isGiven("learning_rate"), "optimizer",
      expected: "'learning_rate' to be set as well, because its default is AdamW's")
    declareAverage(fields)
  }

  private mutating func declareDuration(_ fields: Fields) {
    var (epochs, steps): (Double?, Int?) =
      switch duration {
      case .epochs(let epochs): (epochs, nil)
      case .steps(let steps): (nil, steps)
      }
    fields.optional("epochs", &epochs, .number(above: 0), "Passes over the training data; fractions are allowed.")
    fields.optional("max_steps", &steps, .int(1...), "Steps, instead of epochs.")
    fields.exclusive("epochs", "max_steps")
    duration = steps.map { .steps($0) } ?? epochs.map { .epochs($0) } ?? duration
  }

  private mutating func declareAverage(_ fields: Fields) {
    var (decay, count): (Double?, Int?) =
      switch average {
      case .exponential(let decay): (decay, nil)
      case .last(let count): (nil, count)
      case nil: (nil, nil)
      }
    fields.optional(
      "ema_decay", &decay, .number(0..<1),
      "Decay of an exponential moving average of the weights, which is evaluated and saved.")
    fields.optional(
      "average_last_evals", &count, .int(1...),
      "Save the mean of the weights at the last n evaluations or epochs.")
    fields.exclusive("ema_decay", "average_last_evals")
    average = decay.map { .exponential(decay: $0) } ?? count.map { .last($0) }
  }
}

extension Fields {
  func declareBatchSize(_ size: inout Batcher.Size?) {
    var (examples, tokens): (Int?, Int?) =
      switch size {
      case .examples(let count): (count, nil)
      case .tokens(let count): (nil, count)
      case nil: (nil, nil)
      }
    optional("batch_size", &examples, .int(1...), "Examples per batch.")
    optional("max_tokens_per_batch", &tokens, .int(1...), "Tokens per batch, instead of batch_size.")
    exclusive("batch_size", "max_tokens_per_batch")
    size = tokens.map { .tokens($0) } ?? examples.map { .examples($0) } ?? size
  }
}
