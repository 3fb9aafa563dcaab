/// The learning rate of each step, as a pure function of the step's number.
import Glibc

package struct Schedule: Sendable, Equatable {
  /// The learning rate after warmup, relative to the peak. "progress" is the fraction of the steps after warmup.
  package enum Shape: String, CaseIterable, Sendable {
    /// 1 − progress.
    case linear
    /// Half a cosine from 1 down to `minLRRate`: transformers' cosine and cosine_with_min_lr.
    case cosine
    case constant
    /// (1 − progress)^power, scaled to end at `minLRRate`: transformers' polynomial.
    case polynomial
    /// 1/√(1 + (steps since warmup)/timescale): transformers' inverse_sqrt.
    case inverseSquareRoot = "inverse_sqrt"
    /// torch's OneCycleLR (Smith & Topin 2017) without momentum cycling: half a cosine from 1/divFactor up to 1 over
    /// the fraction `pctStart` of the steps, then one down to 1/(divFactor · finalDivFactor). Has no other warmup.
    case oneCycle = "one_cycle"
  }

  /// Options that only some shapes have.
  package struct Options: Sendable, Equatable {
    /// cosine, polynomial: the final learning rate as a fraction of the peak.
    package var minLRRate: Double
    /// polynomial: the exponent.
    package var power: Double
    /// inverse_sqrt; nil: the warmup steps, or 10 000 without warmup.
    package var timescale: Int?
    /// one_cycle; names and defaults are torch's.
    package var pctStart, divFactor, finalDivFactor: Double

    package init(
      minLRRate: Double = 0, power: Double = 1, timescale: Int? = nil, pctStart: Double = 0.3, divFactor: Double = 25,
      finalDivFactor: Double = 1e4
    ) {
      (self.minLRRate, self.power, self.timescale) = (minLRRate, power, timescale)
      (self.pctStart, self.divFactor, self.finalDivFactor) = (pctStart, divFactor, finalDivFactor)
    }
  }

  package let shape: Shape
  package let options: Options
  /// The peak.
  package let learningRate: Double
  package let warmupSteps, totalSteps: Int

  package init(
    _ shape: Shape, _ options: Options = Options(), learningRate: Double, warmupSteps: Int, totalSteps: Int
  ) {
    (self.shape, self.options) = (shape, options)
    self.learningRate = learningRate
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The learning rate of a step, counted from 0. With warmup the first step has learning rate 0, as in transformers.
  package func learningRate(at step: Int) -> Double {
    if shape == .oneCycle { return oneCycle(Double(step)) }
    if step < warmupSteps { return learningRate * Double(step) / Double(max(1, warmupSteps)) }
    let remaining = Double(totalSteps - step) / Double(max(1, totalSteps - warmupSteps))
    switch shape {
    case .constant, .oneCycle: return learningRate
    case .linear: return learningRate * max(0, remaining)
    case .cosine:
      let minLRRate = options.minLRRate
      return learningRate * max(0, 0.5 * (1 + cos(.pi * (1 - remaining))) * (1 - minLRRate) + minLRRate)
    case .polynomial:
      let minLRRate = options.minLRRate
      return learningRate * ((1 - minLRRate) * pow(max(0, remaining), options.power) + minLRRate)
    case .inverseSquareRoot:
      let scale = options.timescale ?? (warmupSteps > 0 ? warmupSteps : 10_000)
      return learningRate / (Double(step - warmupSteps + scale) / Double(scale)).squareRoot()
    }
  }

  private func oneCycle(_ step: Double) -> Double {
    /// From `a` to `b` along half a cosine as `progress` goes from 0 to 1.
    func anneal(_ a: Double, _ b: Double, _ progress: Double) -> Double { b + (a - b) / 2 * (1 + cos(.pi * progress)) }
    let top = options.pctStart * Double(totalSteps) - 1, last = Double(totalSteps - 1)
    let initial = learningRate / options.divFactor
    if step <= top && top > 0 { return anneal(initial, learningRate, step / top) }
    return anneal(learningRate, initial / options.finalDivFactor, last > top ? (step - top) / (last - top) : 1)
  }
}
