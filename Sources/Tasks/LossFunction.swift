/// The losses of tasks.
package import Autograd

package protocol LossFunction: Sendable {
  /// The targets' weight in the mean: their number, or the sum of their class weights.
  func weight(of targets: Targets) -> Float
  /// The sum of the losses divided by `norm`. Sets the gradient of the logits.
  func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double
  /// The same for a head with a CRF, whose transitions also get their gradients.
  func callAsFunction(
    _ logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass
  ) -> Double
  /// `scale` times how far a student's outputs are from its teachers', summed over the rows. Sets the gradient of the logits.
  func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double
  /// The loss that an evaluation reports.
  var forEvaluation: Self { get }
}

extension LossFunction {
  package func callAsFunction(
    _ logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass
  ) -> Double {
    self(logits, targets, norm: norm, pass)
  }

  /// That of the softmax.
  package func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double {
    Autograd.divergence(logits, from: teacher, temperature: temperature, scale: scale, pass)
  }
}

/// Cross-entropy with class weights and label smoothing, as torch's CrossEntropyLoss; or a focal loss.
package struct ClassificationLoss: LossFunction {
  /// One weight per class; nil: all are 1.
  private let weights: [Float]?
  private let smoothing: Float
  /// The exponent of a focal loss; 0: none.
  private let gamma: Float

  package init(weights: [Float]? = nil, smoothing: Float = 0, gamma: Float = 0) {
    (self.weights, self.smoothing, self.gamma) = (weights, smoothing, gamma)
  }

  package func weight(of targets: Targets) -> Float {
    classes(targets).reduce(0) { $0 + ($1 < 0 ? 0 : weights?[Int($1)] ?? 1) }
  }

  package func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    let classes = classes(targets)
    if gamma > 0 {
      return focalCrossEntropy(logits, targets: classes, weights: weights, gamma: gamma, norm: norm, pass)
    }
    return crossEntropy(logits, targets: classes, weights: weights, smoothing: smoothing, norm: norm, pass)
  }

  /// The cross-entropy without label smoothing.
  package var forEvaluation: ClassificationLoss { ClassificationLoss(weights: weights) }

  private func classes(_ targets: Targets) -> [Int32] {
    guard case .classes(let classes) = targets else { preconditionFailure("cross-entropy requires classes") }
    return classes
  }
}

/// Binary cross-entropy of each class, averaged over the classes, as torch's BCEWithLogitsLoss; or a focal loss.
package struct MultiLabelLoss: LossFunction {
  /// What an example to which a class applies counts, by class; nil: 1.
  private let positiveWeights: [Float]?
  /// The exponent of a focal loss; 0: none.
  private let gamma: Float

  package init(positiveWeights: [Float]? = nil, gamma: Float = 0) {
    (self.positiveWeights, self.gamma) = (positiveWeights, gamma)
  }

  /// The number of targets.
  package func weight(of targets: Targets) -> Float { Float(targets.labeled.count) }

  package func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    guard case .classSets(let sets) = targets else {
      preconditionFailure("a multi-label loss requires sets of classes")
    }
    let none = [Float](repeating: .nan, count: logits.columns)
    let targets = sets.flatMap { $0.isEmpty ? none : $0 }
    if gamma > 0 {
      return focalBinaryCrossEntropy(
        logits, targets: targets, positiveWeights: positiveWeights, gamma: gamma, norm: norm, pass)
    }
    return binaryCrossEntropy(logits, targets: targets, positiveWeights: positiveWeights, norm: norm, pass)
  }

  package func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double {
    binaryDivergence(logits, from: teacher, temperature: temperature, scale: scale, pass)
  }

  /// The cross-entropy.
  package var forEvaluation: MultiLabelLoss { MultiLabelLoss(positiveWeights: positiveWeights) }
}

/// The mean squared error, as torch's MSELoss.
package struct RegressionLoss: LossFunction {
  package init() {}

  /// The number of targets.
  package func weight(of targets: Targets) -> Float { Float(targets.labeled.count) }

  package func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    guard case .values(let values) = targets else { preconditionFailure("a regression loss requires values") }
    return meanSquaredError(logits, targets: values, norm: norm, pass)
  }

  /// The squared error: numbers have no temperature.
  package func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double {
    squaredError(logits, from: teacher, scale: scale, pass)
  }

  package var forEvaluation: RegressionLoss { self }
}

/// The mean of the cross-entropies of an answer's first and last token, each over the tokens of its sequence: that of
/// transformers for sequences without padding, which its softmax includes. Of a sequence with several answers, the mean over
/// them.
package struct SpanLoss: LossFunction {
  package init() {}

  /// The number of sequences with a target.
  package func weight(of targets: Targets) -> Float { Float(targets.labeled.count) }

  package func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    let spans = spans(targets)
    return spanCrossEntropy(logits, lengths: spans.map(\.length), spans: spans.map(\.spans), norm: norm, pass)
  }

  /// The mean of the divergences of both softmaxes over a sequence's tokens, summed over the sequences.
  package func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double {
    spanDivergence(
      logits, from: teacher, lengths: spans(targets).map(\.length), temperature: temperature, scale: scale, pass)
  }

  package var forEvaluation: SpanLoss { self }

  private func spans(_ targets: Targets) -> [SpanTarget] {
    guard case .spans(let spans) = targets else { preconditionFailure("a loss of spans requires spans") }
    return spans
  }
}
