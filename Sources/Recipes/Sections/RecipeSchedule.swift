/// The schedule's part of the recipe's section "training": how the learning rate rises and falls.
extension Recipe.Training {
  public enum Schedule: String, CaseIterable, Sendable {
    case linear, cosine, constant, polynomial
    case inverseSquareRoot = "inverse_sqrt"
    case oneCycle = "one_cycle"
  }

  public enum Warmup: Sendable, Equatable {
    /// A share of all updates.
    case ratio(Double)
    case steps(Int)
  }

  /// What only some schedules read.
  public struct ScheduleOptions: Sendable, Equatable {
    /// cosine, polynomial: the last rate, as a share of the peak.
    public var floor = 0.0
    /// polynomial.
    public var power = 1.0
    /// inverse_sqrt: nil: the warm-up's updates, or 10 000 where there are none.
    public var timescale: Int?
    /// one_cycle, torch's names.
    public var pctStart = 0.3
    public var divFactor = 25.0
    public var finalDivFactor = 1e4
  }

  mutating func declareSchedule(_ fields: Fields) {
    var kind = schedule
    fields.choice("schedule", &kind, isRequired: false, "How the learning rate falls after the warm-up.") {
      kind, fields in
      switch kind {
      case .linear, .constant: break
      case .cosine: declareFloor(fields)
      case .polynomial:
        declareFloor(fields)
        fields.field("schedule_power", &scheduleOptions.power, .number(above: 0), "1: a line; larger: a steeper fall.")
      case .inverseSquareRoot:
        fields.optional(
          "schedule_timescale", &scheduleOptions.timescale, .int(1...),
          "Updates after the warm-up until the rate has fallen to 1/√2; else as many as the warm-up, or 10000.")
      case .oneCycle: declareCycle(fields)
      }
      // A cycle rises by itself.
      if kind != .oneCycle { declareWarmup(fields) }
    }
    schedule = kind
  }

  private mutating func declareFloor(_ fields: Fields) {
    fields.field(
      "schedule_min_lr_rate", &scheduleOptions.floor, .number(0..<1), "The last rate, as a share of the peak.")
  }

  private mutating func declareCycle(_ fields: Fields) {
    fields.field("schedule_pct_start", &scheduleOptions.pctStart, .number(0...1), "The share of updates of the rise.")
    fields.field(
      "schedule_div_factor", &scheduleOptions.divFactor, .number(1...), "The peak, divided by the first rate.")
    fields.field(
      "schedule_final_div_factor", &scheduleOptions.finalDivFactor, .number(1...),
      "The first rate, divided by the last.")
  }

  private mutating func declareWarmup(_ fields: Fields) {
    var (ratio, steps): (Double?, Int?) =
      switch warmup {
      case .ratio(let ratio): (ratio, nil)
      case .steps(let count): (nil, count)
      }
    fields.optional("warmup_ratio", &ratio, .number(0...1), "The share of updates in which the learning rate rises.")
    fields.optional("warmup_steps", &steps, .int(0...), "Updates in which it rises, instead of warmup_ratio.")
    fields.exclusive("warmup_ratio", "warmup_steps")
    warmup = steps.map { .steps($0) } ?? ratio.map { .ratio($0) } ?? warmup
  }
}
