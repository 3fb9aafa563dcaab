/// The keys of the learning-rate schedule in the recipe's section "training".
import Training

extension TrainingSettings {
  mutating func declareSchedule(_ fields: Fields) {
    var variant = schedule
    fields.choice("schedule", &variant, isRequired: false, "Learning-rate schedule after the warmup.") {
      variant, fields in
      switch variant {
      case .linear, .constant: break
      case .cosine: declareMinLRRate(fields)
      case .polynomial:
        declareMinLRRate(fields)
        fields.field("schedule_power", &scheduleOptions.power, .number(above: 0), "Exponent; 1: linear.")
      case .inverseSquareRoot:
        fields.optional(
          "schedule_timescale", &scheduleOptions.timescale, .int(1...),
          "Steps after the warmup until the learning rate is peak/√2; else the warmup steps, or 10000.")
      case .oneCycle: declareCycle(fields)
      }
      // one_cycle has its own rise.
      if variant != .oneCycle { declareWarmup(fields) }
    }
    schedule = variant
  }

  private mutating func declareMinLRRate(_ fields: Fields) {
    fields.field(
      "schedule_min_lr_rate", &scheduleOptions.minLRRate, .number(0..<1),
      "Final learning rate as a fraction of the peak.")
  }

  private mutating func declareCycle(_ fields: Fields) {
    fields.field(
      "schedule_pct_start", &scheduleOptions.pctStart, .number(0...1),
      "Fraction of the steps in which the learning rate rises.")
    fields.field(
      "schedule_div_factor", &scheduleOptions.divFactor, .number(1...), "Peak divided by initial learning rate.")
    fields.field(
      "schedule_final_div_factor", &scheduleOptions.finalDivFactor, .number(1...),
      "Initial divided by final learning rate.")
  }

  private mutating func declareWarmup(_ fields: Fields) {
    var (ratio, steps): (Double?, Int?) =
      switch warmup {
      case .ratio(let ratio): (ratio, nil)
      case .steps(let count): (nil, count)
      }
    fields.optional(
      "warmup_ratio", &ratio, .number(0...1), "Fraction of the steps in which the learning rate rises from 0.")
    fields.optional("warmup_steps", &steps, .int(0...), "Warmup steps, instead of warmup_ratio.")
    fields.exclusive("warmup_ratio", "warmup_steps")
    warmup = steps.map { .steps($0) } ?? ratio.map { .ratio($0) } ?? warmup
  }
}
