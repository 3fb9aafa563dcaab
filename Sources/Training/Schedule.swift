/// The learning rate of each step: a pure function of its number.
import Glibc

public struct Schedule: Sendable, Equatable {
  /// How the rate goes after the warm-up; shares are of the peak.
  public enum Shape: Sendable, Equatable {
    case constant
    /// To 0.
    case linear
    /// Half a wave down to `floor`: transformers' cosine, and with a floor its cosine_with_min_lr.
    case cosine(floor: Double = 0)
    /// (1 − progress)^power of the way above `floor`, transformers' polynomial.
    case polynomial(power: Double = 1, floor: Double = 0)
    /// peak/√(1 + steps since the warm-up/timescale), transformers' inverse_sqrt; nil: the warm-up, or 10 000 without one.
    case inverseSquareRoot(timescale: Int? = nil)
    /// Half a wave up from peak/start within the share `rise` of the steps, and one down to peak/(start · end): torch's
    /// OneCycleLR (Smith & Topin 2017), momentum left alone. Its rise is the warm-up; there is no other.
    case oneCycle(pctStart: Double = 0.3, divFactor: Double = 25, finalDivFactor: Double = 1e4)
  }

  public let shape: Shape
  public let learningRate: Double
  public let warmup, total: Int

  public init(_ kind: Shape, peak: Double, warmup: Int, total: Int) {
    self.shape = kind
    self.learningRate = peak
    self.warmup = warmup
    self.total = total
  }

  /// The rate of step `step`, counted from 0: the first step of a warm-up has rate 0.
  public func learningRate(at step: Int) -> Double {
    if case .oneCycle(let rise, let start, let end) = shape { return oneCycle(Double(step), rise, start, end) }
    if step < warmup { return learningRate * Double(step) / Double(max(1, warmup)) }
    let left = Double(total - step) / Double(max(1, total - warmup))
    switch shape {
    case .constant, .oneCycle: return learningRate
    case .linear: return learningRate * max(0, left)
    case .cosine(let floor): return learningRate * max(0, 0.5 * (1 + cos(.pi * (1 - left))) * (1 - floor) + floor)
    case .polynomial(let power, let floor): return learningRate * ((1 - floor) * pow(max(0, left), power) + floor)
    case .inverseSquareRoot(let timescale):
      let scale = timescale ?? (warmup > 0 ? warmup : 10_000)
      return learningRate / (Double(step - warmup + scale) / Double(scale)).squareRoot()
    }
  }

  private func oneCycle(_ step: Double, _ rise: Double, _ start: Double, _ end: Double) -> Double {
    /// From `a` to `b` as `share` goes from 0 to 1.
    func wave(_ a: Double, _ b: Double, _ share: Double) -> Double { b + (a - b) / 2 * (1 + cos(.pi * share)) }
    let top = rise * Double(total) - 1, last = Double(total - 1), low = learningRate / start
    if step <= top && top > 0 { return wave(low, learningRate, step / top) }
    return wave(learningRate, low / end, last > top ? (step - top) / (last - top) : 1)
  }
}
