/// Attention rollout: how much of each token reaches the rows that the output is read from.
import Autograd
import Encoders
import Glibc
import Tasks

extension ExplainedFeature {
  /// R = Âₙ ⋯ Â₁ with Â = (Ā + I)/2, Ā the mean of a layer's attention over its heads; of each token, the mean of R over the
  /// rows that the output is read from.
  func attentionRollout(_ workspace: Workspace) -> [Double] {
    let layers = model.config.numHiddenLayers, pass = Pass(workspace)
    let trace = Trace(states: [], blocks: Set(1...layers))
    model.encode(batch([features.ids]), adapters: adapters, trace: trace, pass)
    var reaching = [Double](repeating: 0, count: count)
    let rows = outputRows
    for row in rows { reaching[row] += 1 / Double(rows.count) }
    for layer in (1...layers).reversed() {
      let attention = meanAttention(trace.queryKeyValue(layer), window: model.config.attentionWindows[layer - 1])
      var next = reaching.map { $0 / 2 }
      for (i, share) in reaching.enumerated() where share > 0 {
        for j in 0..<count { next[j] += share / 2 * Double(attention[i * count + j]) }
      }
      reaching = next
    }
    return reaching
  }

  /// Tokens of the sequence from whose hidden states the terms' logits are computed.
  private var outputRows: [Int] {
    if model.headType.isBySequence { return model.config.classifiesMean ? Array(0..<count) : [0] }
    return Set(terms.map { features.predictionRows?[$0.row] ?? $0.row }).sorted()
  }

  /// softmax(q·kᵀ/√w), the mean over heads: [n, n]
  private func meanAttention(_ qkv: Tensor, window: Int?) -> [Float] {
    let d = qkv.columns / 3, heads = model.config.numAttentionHeads, width = d / heads, n = count
    var mean = [Float](repeating: 0, count: n * n)
    var scores = [Float](repeating: 0, count: n)
    for head in 0..<heads {
      for i in 0..<n {
        let visible = window.map { max(0, i - $0)..<min(n, i + $0 + 1) } ?? 0..<n
        let q = qkv.pointer + i * qkv.columns + head * width
        for j in visible {
          let k = qkv.pointer + j * qkv.columns + d + head * width
          scores[j] = (0..<width).reduce(0) { $0 + q[$1] * k[$1] } / Float(width).squareRoot()
        }
        let largest = scores[visible].max() ?? 0
        for j in visible { scores[j] = expf(scores[j] - largest) }
        let sum = scores[visible].reduce(0, +) * Float(heads)
        for j in visible { mean[i * n + j] += scores[j] / sum }
      }
    }
    return mean
  }
}
