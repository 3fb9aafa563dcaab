/// The config of bottleneck adapters, as `BnConfig` of the `adapters` library.
import Autograd
package import Encoders

package struct BottleneckConfig: Sendable, Equatable {
  package enum NonLinearity: String, CaseIterable, Sendable { case relu, gelu, swish, tanh }

  /// The adapter's name, which is part of the parameter names in the file.
  package var name = "tune"
  /// `mh_adapter`: a bottleneck after attention.
  package var hasAttentionAdapter: Bool
  /// `output_adapter`: a bottleneck after the feed-forward.
  package var hasOutputAdapter: Bool
  /// `original_ln_before`: the bottleneck's input is norm(h + x) instead of h.
  package var normsBefore: Bool
  package var nonLinearity: NonLinearity
  /// Hidden size divided by bottleneck size.
  package var reductionFactor = 16.0
  package var scaling = 1.0
  package var dropout = 0.0
  /// Layers without a bottleneck.
  package var leaveOut: [Int] = []
  /// Modules of a newly initialized head.
  package private(set) var modulesToSave: [String] = []

  /// The library's "double_seq_bn" (Houlsby et al. 2019).
  package static let houlsby = Self(
    afterAttention: true, afterFeedForward: true, normsBefore: false, nonLinearity: .swish)
  /// The library's "seq_bn" (Pfeiffer et al. 2020).
  package static let pfeiffer = Self(
    afterAttention: false, afterFeedForward: true, normsBefore: true, nonLinearity: .relu)

  private init(afterAttention: Bool, afterFeedForward: Bool, normsBefore: Bool, nonLinearity: NonLinearity) {
    (self.hasAttentionAdapter, self.hasOutputAdapter) = (afterAttention, afterFeedForward)
    (self.normsBefore, self.nonLinearity) = (normsBefore, nonLinearity)
  }

  /// Valid values of `reductionFactor`.
  package static let reductionFactors = 0.01...1e6

  func bottleneckSize(hiddenSize: Int) -> Int { max(1, Int((Double(hiddenSize) / reductionFactor).rounded(.down))) }
}

extension BottleneckConfig.NonLinearity {
  var activation: Activation {
    switch self {
    case .relu: .relu
    case .gelu: .gelu
    case .swish: .silu
    case .tanh: .tanh
    }
  }
}

/// `leave_out` lists layers that the model does not have, or all of its layers.
package struct LeftOutFault: Error, CustomStringConvertible {
  let layers: [Int]
  let count: Int
  package var description: String {
    "'leave_out': \(layers.map(String.init).joined(separator: ", ")); this model has layers 0 to \(count - 1), and at "
      + "least one of them must have a bottleneck."
  }
}

extension BottleneckConfig: AdapterMethod {
  /// Only for messages: PEFT does not have this method, and the files of `adapters` have no `peft_type`.
  package static var peftType: String { "BOTTLENECK" }
  package static var format: AdapterFormat { .adapterHub }
  package static var tensorPrefix: String { "" }
  package mutating func addModulesToSave(_ modules: [String]) { modulesToSave += modules }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    let blocks = model.encoder.blockNames
    let absent = leaveOut.filter { !blocks.indices.contains($0) }
    let invalid = absent.isEmpty && Set(leaveOut).count == blocks.count ? leaveOut : absent
    if seed != nil, !invalid.isEmpty { throw LeftOutFault(layers: invalid, count: blocks.count) }
    var injection = Injection()
    func add(_ module: String, to block: Int, _ sublayer: BlockSlot.Sublayer) {
      let bottleneck = Bottleneck(blocks[block] + module + name, hiddenSize: model.config.hiddenSize, self)
      if let seed { bottleneck.initialize(seed: seed) }
      injection.residuals.append((BlockSlot(block: block, sublayer), bottleneck))
      injection.tensors += bottleneck.parameters.map { SavedParameter(name: $0.name, parameter: $0) }
    }
    guard let modules = model.config.family.architecture.adapters.bottleneck else {
      throw FamilyFault(family: model.config.family, method: "bottleneck adapters", library: "adapters")
    }
    for block in blocks.indices where !leaveOut.contains(block) {
      if hasAttentionAdapter { add(modules.attention, to: block, .attentionOutput) }
      if hasOutputAdapter { add(modules.output, to: block, .output) }
    }
    injection.replacedWeights = model.weights(of: modulesToSave, prefix: "")
    return injection
  }
}
