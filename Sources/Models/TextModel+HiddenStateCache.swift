/// Which states of a model cannot change while it learns, and what they follow from.
import Autograd
import Checkpoints
import Files
import Kernels

extension TextModel {
  /// How many blocks, from the input on, no gradient goes through: neither they nor the embeddings hold anything that
  /// learns. 0: none, or the embeddings learn.
  /// A pass finds them itself, so that no seam, whatever sits in it, is forgotten. What learns must be known by then.
  public var frozenBlockCount: Int {
    let trace = Trace(states: Set(0...config.numHiddenLayers), blocks: [])
    let pass = Pass(Workspace(), gradients: NullGradients())
    let reading = EncoderInput(probe, virtualTokens: virtualTokens, pass)
    _ = encoder(reading, precision: precision, recompute: false, frozen: nil, trace: trace, pass)
    let lowest = (0...config.numHiddenLayers).first { trace.hiddenState($0).isTracked }
    return lowest.map { max(0, $0 - 1) } ?? config.numHiddenLayers
  }

  /// Whether a training pass draws dropout in the embeddings or the first `blocks` blocks.
  public func drawsDropout(below blocks: Int) -> Bool {
    let pass = Pass(Workspace(), gradients: NullGradients())
    _ = encoder.hiddenStates(probe, afterBlocks: blocks, precision: precision, pass)
    return pass.sites > 0
  }

  /// Keeps the states that leave the first `blocks` blocks in a file in `folder`, which is not opened yet. Its name follows
  /// from all that they follow from, and from nothing else: other runs find it.
  public func makeHiddenStateCache(below blocks: Int, in folder: String) -> HiddenStateCache {
    let file = RecordFile(path: "\(folder)/states-\(digest(below: blocks).prefix(16)).cache")
    return HiddenStateCache(block: blocks, hiddenSize: config.hiddenSize, file: file)
  }

  /// A few tokens.
  private var probe: Batch { Batch([(0..<min(8, config.maxPositionEmbeddings)).map { Int32($0 % config.vocabSize) }]) }

  /// Of every weight below, and of the states of a few tokens: these follow from whatever sits in a seam, from the
  /// model's settings, and from the program.
  private func digest(below count: Int) -> String {
    var digest = Digest()
    digest.add(
      "states 1, \(config.family.rawValue), \(count) blocks, \(config.numAttentionHeads) heads, \(config.activation), \(config.layerNormEps)"
    )
    digest.add("\(precision.rawValue), \(GEMMBackend.selected.rawValue), \(Processor.blasCore)")
    for weight in encoder.weights(below: count) {
      digest.add("\(weight.name) \(weight.shape)")
      weight.withBytes { digest.add($0) }
    }
    digest.add(encoder.hiddenStates(probe, afterBlocks: count, precision: precision, Pass(Workspace())).array)
    return digest.text
  }
}

extension BertEncoder {
  /// Of the embeddings and the first `count` blocks.
  fileprivate func weights(below count: Int) -> [Parameter] {
    let blocks = blocks.prefix(count)
    let tables =
      [embeddings.wordEmbeddings, embeddings.positionEmbeddings] + (embeddings.tokenTypeEmbeddings.map { [$0] } ?? [])
    let norms = [embeddings.norm] + blocks.flatMap(\.norms)
    return tables + norms.flatMap { [$0.gain, $0.bias] }
      + blocks.flatMap(\.linears).flatMap(\.parts).flatMap { [$0.weight, $0.bias] }
  }
}

/// Gradients that nobody asks for.
private final class NullGradients: GradientSink {
  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {}
}
