/// From a recipe to the trainer's settings.
import Files
import TestSupport
import Testing
import Training

@testable import Recipes

private func settings(_ training: JSON) throws -> TrainingSettings {
  try Recipe(json: minimalRecipe.with("training", training), checkFiles: false).training.settings
}

@Test func `the defaults are AdamW and a linear schedule, without groups and averages`() throws {
  let settings = try settings([:])
  #expect(
    settings.optimizer == OptimizerSettings() && settings.optimizer.algorithm as? AdamWSettings == AdamWSettings())
  #expect(settings.schedule == .linear && settings.groups == [] && settings.average == nil)
}

@Test(
  arguments: [
    (
      ["adam_beta1": 0.8, "adam_beta2": 0.9, "adam_epsilon": 1e-6] as JSON,
      AdamWSettings(beta1: 0.8, beta2: 0.9, epsilon: 1e-6)
    ),
    (
      ["optimizer": "sgd", "sgd_momentum": 0.5, "sgd_nesterov": true] as JSON,
      SGDSettings(momentum: 0.5, nesterov: true)
    ),
    (["optimizer": "lion", "lion_beta1": 0.8, "lion_beta2": 0.7] as JSON, LionSettings(beta1: 0.8, beta2: 0.7)),
    (["optimizer": "adafactor"] as JSON, AdafactorSettings()),
  ] as [(JSON, any OptimizerAlgorithm)])
func `options of an optimizer are passed to it`(_ training: JSON, _ algorithm: any OptimizerAlgorithm) throws {
  var expected = OptimizerSettings()
  expected.algorithm = algorithm
  #expect(try settings(training.with("learning_rate", 1e-3)).optimizer == expected)
}

@Test(
  arguments: [
    (["schedule": "constant"], .constant, .init()), (["schedule": "cosine"], .cosine, .init()),
    (["schedule": "cosine", "schedule_min_lr_rate": 0.2], .cosine, .init(minLRRate: 0.2)),
    (
      ["schedule": "polynomial", "schedule_min_lr_rate": 0.2, "schedule_power": 3], .polynomial,
      .init(minLRRate: 0.2, power: 3)
    ),
    (["schedule": "inverse_sqrt", "schedule_timescale": 9], .inverseSquareRoot, .init(timescale: 9)),
    (
      [
        "schedule": "one_cycle", "schedule_pct_start": 0.4, "schedule_div_factor": 5, "schedule_final_div_factor": 6,
      ], .oneCycle, .init(pctStart: 0.4, divFactor: 5, finalDivFactor: 6)
    ),
  ] as [(JSON, Schedule.Shape, Schedule.Options)])
func `options of a schedule are passed to it`(
  _ training: JSON, _ schedule: Schedule.Shape, _ options: Schedule.Options
) throws {
  let settings = try settings(training)
  #expect(settings.schedule == schedule && settings.scheduleOptions == options)
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
