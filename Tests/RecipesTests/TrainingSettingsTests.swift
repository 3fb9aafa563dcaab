/// From a recipe to the trainer's settings.
import Files
import Testing
import Training

@testable import Recipes

private func settings(_ training: JSON) throws -> TrainingSettings {
  try Recipe(json: minimalRecipe.with("training", training), checkFiles: false).trainingSettings
}

@Test func `the defaults are AdamW and a linear schedule, without groups and averages`() throws {
  let settings = try settings([:])
  #expect(settings.optimizer == OptimizerSettings() && settings.optimizer.algorithm == .adamW())
  #expect(settings.schedule == .linear && settings.groups == [] && settings.average == nil)
}

@Test(
  arguments: [
    (["adam_beta1": 0.8, "adam_beta2": 0.9, "adam_epsilon": 1e-6], .adamW(beta1: 0.8, beta2: 0.9, epsilon: 1e-6)),
    (["optimizer": "sgd", "sgd_momentum": 0.5, "sgd_nesterov": true], .sgd(momentum: 0.5, nesterov: true)),
    (["optimizer": "lion", "lion_beta1": 0.8, "lion_beta2": 0.7], .lion(beta1: 0.8, beta2: 0.7)),
    (["optimizer": "adafactor"], .adafactor),
  ] as [(JSON, OptimizerSettings.Algorithm)])
func `options of an optimizer are passed to it`(_ training: JSON, _ algorithm: OptimizerSettings.Algorithm) throws {
  #expect(try settings(training.with("learning_rate", 1e-3)).optimizer.algorithm == algorithm)
}

@Test(
  arguments: [
    (["schedule": "constant"], .constant), (["schedule": "cosine"], .cosine()),
    (["schedule": "cosine", "schedule_min_lr_rate": 0.2], .cosine(minLRRate: 0.2)),
    (
      ["schedule": "polynomial", "schedule_min_lr_rate": 0.2, "schedule_power": 3],
      .polynomial(power: 3, minLRRate: 0.2)
    ),
    (["schedule": "inverse_sqrt", "schedule_timescale": 9], .inverseSquareRoot(timescale: 9)),
    (
      [
        "schedule": "one_cycle", "schedule_pct_start": 0.4, "schedule_div_factor": 5, "schedule_final_div_factor": 6,
      ], .oneCycle(pctStart: 0.4, divFactor: 5, finalDivFactor: 6)
    ),
  ] as [(JSON, Training.Schedule.Shape)])
func `options of a schedule are passed to it`(_ training: JSON, _ schedule: Training.Schedule.Shape) throws {
  #expect(try settings(training).schedule == schedule)
}

@Test func `groups and averages are passed to the trainer`() throws {
  let found = try settings([
    "groups": [
      ["match": ["lora_B"], "learning_rate_ratio": 16], ["match": ".*x", "learning_rate": 1e-2, "weight_decay": 0],
    ], "ema_decay": 0.99,
  ])
  #expect(
    found.groups == [
      ParameterGroup(.names(["lora_B"]), learningRate: .ratio(16)),
      ParameterGroup(.pattern(".*x"), learningRate: .peak(1e-2), weightDecay: 0),
    ])
  #expect(found.average == .exponential(decay: 0.99))
  #expect(try settings(["average_last_evals": 5]).average == .last(5))
}
