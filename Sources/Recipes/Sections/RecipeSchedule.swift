/// The learning-rate schedule in the recipe's section "training".
extension Recipe.Training {
  public enum Schedule: String, CaseIterable, Sendable {
    case linear, cosine, constant, polynomial
    case inverseSquareRoot = "inverse_sqrt"
    case oneCycle = "one_cycle"
  }

  public enum Warmup: Sendable, Equatable {
    /// A fraction of all steps.
    case ratio(Double)
    case steps(Int)
  }

  /// Options that only some schedules have.
  public struct ScheduleOptions: Sendable, Equatable {
    /// cosine, polynomial: the final learning rate as a fraction of the peak.
    public var floor = 0.0
    /// polynomial: the exponent.
    public var power = 1.0
    /// inverse_sqrt; nil: the warmup steps, or 10 000 without warmup.
    public var timescale: Int?
    /// one_cycle; names and defaults are torch's.
    public var pctStart = 0.3
    public var divFactor = 25.0
    public var finalDivFactor = 1e4
  }

  mutating func declareSchedule(_ fields: Fields) {
    var variant = schedule
    fields.choice("schedule", &variant, isRequired: false, "Learning-rate schedule after the warmup.") {
      variant, fields in
      switch variant {
      case .linear, .constant: break
      case .cosine: declareFloor(fields)
      case .polynomial:
        declareFloor(fields)
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

  private mutating func declareFloor(_ fields: Fields) {
    fields.field(
      "schedule_min_lr_rate", &scheduleOptions.floor, .number(0..<1), "Final learning rate as a fraction of the peak.")
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
