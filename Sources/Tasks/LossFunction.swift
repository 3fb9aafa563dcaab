/// The losses of tasks.
public import Autograd

public protocol LossFunction: Sendable {
  /// The targets' weight in the mean: their number, or the sum of their class weights.
  func weight(of targets: Targets) -> Float
  /// The sum of the losses divided by `norm`. Sets the gradient of the logits.
  func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double
  /// The loss that an evaluation reports.
  var forEvaluation: Self { get }
}

/// Cross-entropy with class weights and label smoothing, as torch's CrossEntropyLoss.
public struct ClassificationLoss: LossFunction {
  /// One weight per class; nil: all are 1.
  private let weights: [Float]?
  private let smoothing: Float

  public init(weights: [Float]? = nil, smoothing: Float = 0) {
    self.weights = weights
    self.smoothing = smoothing
  }

  public func weight(of targets: Targets) -> Float {
    classes(targets).reduce(0) { $0 + ($1 < 0 ? 0 : weights?[Int($1)] ?? 1) }
  }

  public func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    crossEntropy(logits, targets: classes(targets), weights: weights, smoothing: smoothing, norm: norm, pass)
  }

  /// Without label smoothing.
  public var forEvaluation: ClassificationLoss { ClassificationLoss(weights: weights) }

  private func classes(_ targets: Targets) -> [Int32] {
    guard case .classes(let classes) = targets else { preconditionFailure("cross-entropy requires classes") }
    return classes
  }
}
