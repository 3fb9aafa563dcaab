/// Losses of heads that read words: of a CRF, and of a softmax over an LSTM.
import Autograd

/// The mean over the words of -log p(tags), as pytorch-crf's reduction "token_mean". A sequence with a word whose tag the
/// model does not have is left out. A record in several windows is a sequence for each.
struct ChainLoss: LossFunction {
  /// The number of words.
  func weight(of targets: Targets) -> Float { Float(targets.labeledRowCount) }

  func callAsFunction(
    _ logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass
  ) -> Double {
    guard let chain else { preconditionFailure("a CRF's loss requires its transitions") }
    return chainLoss(logits, targets: tags(targets), chain, norm: norm, pass)
  }

  func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    self(logits, targets, nil, norm: norm, pass)
  }

  var forEvaluation: ChainLoss { self }
}

/// A classification loss of each word.
struct WordLoss: LossFunction {
  private let loss: ClassificationLoss

  init(_ loss: ClassificationLoss) { self.loss = loss }

  func weight(of targets: Targets) -> Float { loss.weight(of: words(targets)) }

  func callAsFunction(_ logits: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    loss(logits, words(targets), norm: norm, pass)
  }

  var forEvaluation: WordLoss { WordLoss(loss.forEvaluation) }

  private func words(_ targets: Targets) -> Targets { .classes(tags(targets).flatMap(\.self)) }
}

private func tags(_ targets: Targets) -> [[Int32]] {
  guard case .tagSequences(let tags) = targets else { preconditionFailure("expected the tags of sequences") }
  return tags
}
