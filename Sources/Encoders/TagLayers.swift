/// The layers that `HeadLayers` chooses: their weights, and their forward pass.
import Autograd

/// The layers below the linear layer.
struct TagLayers: Sendable {
  let mix: MixWeights?
  /// Layer by layer.
  let lstm: [(forward: LSTMWeights, backward: LSTMWeights)]

  /// New weights start as in AllenNLP (equal shares of all states) and torch (LSTM).
  /// - Parameter reuse: whether to load the checkpoint's layers if they have these shapes.
  init(_ layers: HeadLayers, _ root: Scope, _ config: ModelConfig, reuse: Bool) throws {
    func make(_ module: String, _ name: String, _ shape: [Int], _ initializer: Initializer) throws -> Parameter {
      try root[module].head(name, shape, initializer: initializer, reuse: reuse)
    }
    mix =
      layers.mixesStates
      ? MixWeights(
        scalars: try make(HeadLayers.mix, "scalar_parameters", [config.numHiddenLayers + 1], .zero),
        gamma: try make(HeadLayers.mix, "gamma", [1], .one)) : nil
    let size = layers.lstm?.hiddenSize ?? 0, limit = Initializer.uniform(1 / Double(max(size, 1)).squareRoot())
    lstm = try (0..<(layers.lstm?.layers ?? 0)).map { layer in
      func direction(_ suffix: String) throws -> LSTMWeights {
        func weight(_ name: String, _ shape: [Int]) throws -> Parameter {
          try make(HeadLayers.lstm, "\(name)_l\(layer)\(suffix)", shape, limit)
        }
        return LSTMWeights(
          input: try weight("weight_ih", [4 * size, layer == 0 ? config.hiddenSize : 2 * size]),
          hidden: try weight("weight_hh", [4 * size, size]), inputBias: try weight("bias_ih", [4 * size]),
          hiddenBias: try weight("bias_hh", [4 * size]))
      }
      return (try direction(""), try direction("_reverse"))
    }
  }

  var parameters: [Parameter] {
    (mix?.parameters ?? []) + lstm.flatMap { $0.forward.parameters + $0.backward.parameters }
  }

  /// Names of the modules.
  var modules: [String] { Set(parameters.map { moduleName(of: $0.name) }).sorted() }

  /// The LSTM's layers, with dropout between them.
  func lstm(_ x: Tensor, sequenceOffsets: [Int], dropout: Double, _ adapters: RowAdapters, _ pass: Pass) -> Tensor {
    lstm.enumerated().reduce(x) { x, layer in
      bidirectionalLSTM(
        layer.offset == 0 ? x : Autograd.dropout(x, dropout, pass), forward: adapters.of(layer.element.forward),
        backward: adapters.of(layer.element.backward), sequenceOffsets: sequenceOffsets, pass)
    }
  }
}

extension ChainWeights {
  /// New weights start as in pytorch-crf.
  init(_ root: Scope, classes: Int, reuse: Bool) throws {
    func weight(_ name: String, _ shape: [Int]) throws -> Parameter {
      try root[HeadLayers.chain].head(name, shape, initializer: .uniform(0.1), reuse: reuse)
    }
    self.init(
      start: try weight("start_transitions", [classes]), transitions: try weight("transitions", [classes, classes]),
      end: try weight("end_transitions", [classes]))
  }
}

extension RowAdapters {
  /// What stands for a layer's weights in this pass.
  fileprivate func of(_ weights: LSTMWeights) -> LSTMWeights {
    LSTMWeights(
      input: self[weights.input], hidden: self[weights.hidden], inputBias: self[weights.inputBias],
      hiddenBias: self[weights.hiddenBias])
  }

  func of(_ weights: MixWeights) -> MixWeights {
    MixWeights(scalars: self[weights.scalars], gamma: self[weights.gamma])
  }
}
