/// Counts the floating-point operations of a step's matrix products, independent of the implementation.
import Encoders

extension Workload {
  /// Multiplications and additions of the required matrix products. Padding, recomputation and unnecessary work are not
  /// counted, and neither are other operations (softmax, GELU, norms, the optimizer).
  ///
  ///     n = Σ t tokens in b sequences; L blocks; hidden size d, intermediate size f;
  ///     c classes; LoRA rank r on query and value
  ///     linear    = 2·n·L·(4d² + 2df)         attention = 4·d·L·Σ t²       head = 2·b·d² (pooler) + 2·b·d·c
  ///     infer     = linear + attention + head
  ///     full      = 3·infer          gradients of both operands of each product
  ///     lora      = infer + backward + 4·n·r·d·(6·L - 1)        the low-rank products, forward and backward
  ///     distil    = linear + attention + mlm + 3·((linear + attention)/2 + mlm)     half of the blocks are trained
  ///     mlm       = 2·n·d² + 2·n·d·v     masked-language-modeling head on every token, vocabulary size v
  ///     backward  = linear - 6·n·d²           no input gradient below the lowest block's q, k, v
  ///               + 2·attention - 2·d·Σ t²    nor for the lowest block's k
  ///               + 2·b·d² + 4·b·d·c          the pooler is frozen, the classifier is trained
  ///     modern: linear = 2·n·L·(4d² + 3df), and t² is the number of scores in a layer's window; lora adapts q, k and v
  ///     with one pair of matrices
  ///
  /// Equal to the count of torch's FlopCounterMode for the same model.
  func operations(_ config: ModelConfig, lengths: [Int]) -> Int {
    let n = lengths.reduce(0, +), squares = lengths.reduce(0) { $0 + $1 * $1 }
    let (d, b, r) = (config.hiddenSize, lengths.count, LowRank.rank)
    let linear =
      2 * n * config.numHiddenLayers * (4 * d * d + (shape == .modern ? 3 : 2) * d * config.intermediateSize)
    let attention = 4 * d * scores(config, lengths: lengths)
    let pooler = 2 * b * d * d, classifier = 2 * b * d * Synthetic.classes
    let infer = linear + attention + pooler + classifier
    switch mode {
    case .infer: return infer
    case .full: return 3 * infer
    case .distil:
      let mlm = 2 * n * d * (d + config.vocabSize)
      return linear + attention + mlm + 3 * ((linear + attention) / 2 + mlm)
    case .lora where shape == .modern:
      let backward = linear - 6 * n * d * d + 2 * attention + pooler + 2 * classifier
      return infer + backward + 2 * n * r * d * (12 * config.numHiddenLayers - 1)
    case .lora:
      let backward = linear - 6 * n * d * d + 2 * attention - 2 * d * squares + pooler + 2 * classifier
      return infer + backward + 4 * n * r * d * (6 * config.numHiddenLayers - 1)
    }
  }

  /// The scores of one head in all layers.
  private func scores(_ config: ModelConfig, lengths: [Int]) -> Int {
    let windows = config.attentionWindows
    return lengths.reduce(0) { sum, t in
      windows.reduce(sum) { sum, window in
        let w = min(window ?? t, t - 1)
        return sum + t * (2 * w + 1) - w * (w + 1)
      }
    }
  }
}
