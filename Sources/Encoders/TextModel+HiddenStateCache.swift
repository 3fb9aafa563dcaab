/// Which hidden states of a model stay the same during training, and the cache file for them.
import Autograd
import Checkpoints
package import Files
import Kernels

extension TextModel {
  /// The number of lowest blocks that have, together with the embeddings, nothing trainable; 0 if the embeddings are
  /// trained. Found by running a pass and looking for tracked hidden states, so that it includes whatever the adapters
  /// do. The trainable parameters must have been chosen.
  package func frozenBlockCount(_ adapters: RowAdapters) -> Int {
    let trace = Trace(states: Set(0...config.numHiddenLayers), blocks: [])
    let pass = Pass(Workspace(), gradients: NullGradients())
    let input = EncoderInput(probe, adapters, pass)
    _ = encoder(input, precision: precision, gradientCheckpointing: false, cache: nil, trace: trace, pass)
    let lowestTracked = (0...config.numHiddenLayers).first { trace.hiddenState($0).isTracked }
    return lowestTracked.map { max(0, $0 - 1) } ?? config.numHiddenLayers
  }

  /// Whether a training pass applies dropout in the embeddings or the first `blocks` blocks.
  package func usesDropout(below blocks: Int, _ adapters: RowAdapters) -> Bool {
    let pass = Pass(Workspace(), gradients: NullGradients())
    _ = encoder.hiddenStates(probe, adapters, afterBlocks: blocks, precision: precision, pass)
    return pass.dropoutSites > 0
  }

  /// A cache of the hidden states after the first `blocks` blocks.
  /// - Parameter file: returns the file with a name, which is a digest of everything that the hidden states depend on, so
  ///   that other runs find it. It is not opened yet.
  package func makeHiddenStateCache(
    below blocks: Int, _ adapters: RowAdapters, file: (String) -> CacheFile
  ) -> HiddenStateCache {
    let file = RecordFile(file("states-\(digest(below: blocks, adapters).prefix(16)).cache"))
    return HiddenStateCache(
      firstUncachedBlock: blocks, hasAllStates: headLayers.mixesStates, hiddenSize: config.hiddenSize, file: file,
      adapters: adapters)
  }

  /// A batch of a few tokens.
  private var probe: Batch { Batch([(0..<min(8, config.maxSequenceLength)).map { Int32($0 % config.vocabSize) }]) }

  /// A digest of every weight below, and of the hidden states of a few tokens, which depend on the adapters, on the
  /// model's settings, and on the program's arithmetic.
  private func digest(below count: Int, _ adapters: RowAdapters) -> String {
    var digest = Digest()
    digest.add(
      "states 1, \(config.family.rawValue), \(count) blocks, \(config.numAttentionHeads) heads, "
        + "\(config.activation), \(config.layerNormEps)")
    if headLayers.mixesStates { digest.add("with all states below") }
    // The probe is shorter than an attention window.
    if config.rotary != nil { digest.add(JSON.object(config.outputSettings).text(pretty: false)) }
    digest.add("\(precision.rawValue), \(GEMMBackend.selected.rawValue), \(Processor.blasCore)")
    for weight in encoder.weights(below: count).map({ adapters[$0] }) {
      digest.add("\(weight.name) \(weight.shape)")
      weight.withBytes { digest.add($0) }
    }
    for x in encoder.hiddenStates(probe, adapters, afterBlocks: count, precision: precision, Pass(Workspace())) {
      digest.add(x.array)
    }
    return digest.text
  }
}

extension TransformerEncoder {
  /// The weights of the embeddings and of the first `count` blocks, adapters aside.
  fileprivate func weights(below count: Int) -> [Parameter] {
    let blocks = blocks.prefix(count)
    let norms = [embeddings.norm] + blocks.flatMap(\.norms)
    return embeddings.tables + norms.flatMap(\.parameters)
      + (embeddings.joinedProjections + blocks.flatMap(\.joinedProjections)).flatMap(\.parts).flatMap(\.parameters)
  }
}

/// Discards gradients: makes a pass track tensors without training.
private final class NullGradients: GradientSink {
  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {}
}
