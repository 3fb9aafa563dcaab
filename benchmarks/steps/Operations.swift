/// How many operations a step's matrix products are, whoever computes them.
import Models

extension Workload {
  /// Multiplications and additions of the products that the mathematics asks for. What an engine pads, computes again, or
  /// could have left out is not counted; nor is what is no product (softmax, GELU, norms, the optimizer).
  ///
  ///     n = Σ t tokens in b sequences; L blocks of width d, hidden width f; c classes; rank r on query and value
  ///     linear    = 2·n·L·(4d² + 2df)         attention = 4·d·L·Σ t²       head = 2·b·d² (pooler) + 2·b·d·c
  ///     infer     = linear + attention + head
  ///     full      = 3·infer          a gradient for each operand of each product
  ///     lora      = infer + backward + 4·n·r·d·(6·L - 1)        the low-rank products, both ways
  ///     distil    = linear + attention + words + 3·((linear + attention)/2 + words)     half of the blocks learn
  ///     words     = 2·n·d² + 2·n·d·v     a masked-language head over every token, v words
  ///     backward  = linear - 6·n·d²           nothing below the lowest block's q, k, v learns
  ///               + 2·attention - 2·d·Σ t²    nor does the lowest block's k
  ///               + 2·b·d² + 4·b·d·c          the pooler is frozen, the classifier learns
  ///
  /// As torch's FlopCounterMode counts the same model.
  func operations(_ config: ModelConfig, lengths: [Int]) -> Int {
    let n = lengths.reduce(0, +), squares = lengths.reduce(0) { $0 + $1 * $1 }
    let (d, b, r) = (config.hiddenSize, lengths.count, LowRank.rank)
    let linear = 2 * n * config.numHiddenLayers * (4 * d * d + 2 * d * config.intermediateSize)
    let attention = 4 * d * config.numHiddenLayers * squares
    let pooler = 2 * b * d * d, classifier = 2 * b * d * Synthetic.classes
    let infer = linear + attention + pooler + classifier
    switch what {
    case .infer: return infer
    case .full: return 3 * infer
    case .distil:
      let words = 2 * n * d * (d + config.vocabSize)
      return linear + attention + words + 3 * ((linear + attention) / 2 + words)
    case .lora:
      let backward = linear - 6 * n * d * d + 2 * attention - 2 * d * squares + pooler + 2 * classifier
      return infer + backward + 4 * n * r * d * (6 * config.numHiddenLayers - 1)
    }
  }
}
