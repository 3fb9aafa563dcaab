/// Counts the floating-point operations of a step's matrix products, independent of the implementation.
import Models

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
  ///
  /// Equal to the count of torch's FlopCounterMode for the same model.
  func operations(_ config: ModelConfig, lengths: [Int]) -> Int {
    let n = lengths.reduce(0, +), squares = lengths.reduce(0) { $0 + $1 * $1 }
    let (d, b, r) = (config.hiddenSize, lengths.count, LowRank.rank)
    let linear = 2 * n * config.numHiddenLayers * (4 * d * d + 2 * d * config.intermediateSize)
    let attention = 4 * d * config.numHiddenLayers * squares
    let pooler = 2 * b * d * d, classifier = 2 * b * d * Synthetic.classes
    let infer = linear + attention + pooler + classifier
    switch mode {
    case .infer: return infer
    case .full: return 3 * infer
    case .distil:
      let mlm = 2 * n * d * (d + config.vocabSize)
      return linear + attention + mlm + 3 * ((linear + attention) / 2 + mlm)
    case .lora:
      let backward = linear - 6 * n * d * d + 2 * attention - 2 * d * squares + pooler + 2 * classifier
      return infer + backward + 4 * n * r * d * (6 * config.numHiddenLayers - 1)
    }
  }
}
