/// The learning rate of each step, as transformers' get_*_schedule_with_warmup.
import Glibc

public struct Schedule: Sendable, Equatable {
  public enum Kind: String, Sendable { case linear, cosine, constant }

  public let kind: Kind
  public let peak: Double
  public let warmup, total: Int

  public init(_ kind: Kind, peak: Double, warmup: Int, total: Int) {
    self.kind = kind
    self.peak = peak
    self.warmup = warmup
    self.total = total
  }

  /// The rate of step `step`, counted from 0: the first step of a warm-up has rate 0.
  public func rate(_ step: Int) -> Double {
    if step < warmup { return peak * Double(step) / Double(max(1, warmup)) }
    let left = Double(total - step) / Double(max(1, total - warmup))
    switch kind {
    case .constant: return peak
    case .linear: return peak * max(0, left)
    case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * (1 - left))))
    }
  }
}
