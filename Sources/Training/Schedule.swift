/// The learning rate of each step, as a pure function of the step's number.
import Glibc

public struct Schedule: Sendable, Equatable {
  /// The learning rate after warmup, relative to the peak. "progress" is the fraction of the steps after warmup.
  public enum Shape: Sendable, Equatable {
    case constant
    /// 1 − progress.
    case linear
    /// Half a cosine from 1 down to `minLRRate`: transformers' cosine and cosine_with_min_lr.
    case cosine(minLRRate: Double = 0)
    /// (1 − progress)^power, scaled to end at `minLRRate`: transformers' polynomial.
    case polynomial(power: Double = 1, minLRRate: Double = 0)
    /// 1/√(1 + (steps since warmup)/timescale): transformers' inverse_sqrt. nil: the warmup steps, or 10 000 without
    /// warmup.
    case inverseSquareRoot(timescale: Int? = nil)
    /// torch's OneCycleLR (Smith & Topin 2017) without momentum cycling: half a cosine from 1/divFactor up to 1 over
    /// the fraction `pctStart` of the steps, then one down to 1/(divFactor · finalDivFactor). Has no other warmup.
    case oneCycle(pctStart: Double = 0.3, divFactor: Double = 25, finalDivFactor: Double = 1e4)
  }

  public let shape: Shape
  /// The peak.
  public let learningRate: Double
  public let warmupSteps, totalSteps: Int

  public init(_ shape: Shape, learningRate: Double, warmupSteps: Int, totalSteps: Int) {
    self.shape = shape
    self.learningRate = learningRate
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The learning rate of a step, counted from 0. With warmup the first step has learning rate 0, as in transformers.
  public func learningRate(at step: Int) -> Double {
    if case .oneCycle(let pctStart, let divFactor, let finalDivFactor) = shape {
      return oneCycle(Double(step), pctStart, divFactor, finalDivFactor)
    }
    if step < warmupSteps { return learningRate * Double(step) / Double(max(1, warmupSteps)) }
    let remaining = Double(totalSteps - step) / Double(max(1, totalSteps - warmupSteps))
    switch shape {
    case .constant, .oneCycle: return learningRate
    case .linear: return learningRate * max(0, remaining)
    case .cosine(let minLRRate):
      return learningRate * max(0, 0.5 * (1 + cos(.pi * (1 - remaining))) * (1 - minLRRate) + minLRRate)
    case .polynomial(let power, let minLRRate):
      return learningRate * ((1 - minLRRate) * pow(max(0, remaining), power) + minLRRate)
    case .inverseSquareRoot(let timescale):
      let scale = timescale ?? (warmupSteps > 0 ? warmupSteps : 10_000)
      return learningRate / (Double(step - warmupSteps + scale) / Double(scale)).squareRoot()
    }
  }

  private func oneCycle(_ step: Double, _ pctStart: Double, _ divFactor: Double, _ finalDivFactor: Double) -> Double {
    /// From `a` to `b` along half a cosine as `progress` goes from 0 to 1.
    func anneal(_ a: Double, _ b: Double, _ progress: Double) -> Double { b + (a - b) / 2 * (1 + cos(.pi * progress)) }
    let top = pctStart * Double(totalSteps) - 1, last = Double(totalSteps - 1), initial = learningRate / divFactor
    if step <= top && top > 0 { return anneal(initial, learningRate, step / top) }
    return anneal(learningRate, initial / finalDivFactor, last > top ? (step - top) / (last - top) : 1)
  }
}
