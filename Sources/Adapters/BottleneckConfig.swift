/// Where a model gets bottlenecks and of which kind, in the terms of the `adapters` library (its `BnConfig`).
import Autograd
public import Models

public struct BottleneckConfig: Sendable, Equatable {
  public enum NonLinearity: String, CaseIterable, Sendable { case relu, gelu, swish, tanh }

  /// Its name in the file, which is part of its weights' names.
  public var name = "tune"
  /// Behind attention's output, and behind the feed-forward's: `mh_adapter`, `output_adapter`.
  public var hasAttentionAdapter, hasOutputAdapter: Bool
  /// Whether the bottleneck reads norm(h + x) instead of h: `original_ln_before`.
  public var normsBefore: Bool
  public var nonLinearity: NonLinearity
  /// The model's width is that of the bottleneck times this.
  public var reductionFactor = 16.0
  public var scaling = 1.0
  public var dropout = 0.0
  /// Blocks without a bottleneck.
  public var leaveOut: [Int] = []
  /// Modules of a head that start from chance.
  public private(set) var modulesToSave: [String] = []

  /// The library's "double_seq_bn" (Houlsby et al. 2019).
  public static let houlsby = Self(
    isBehindAttention: true, isBehindOutput: true, normsBefore: false, nonLinearity: .swish)
  /// The library's "seq_bn" (Pfeiffer et al. 2020).
  public static let pfeiffer = Self(
    isBehindAttention: false, isBehindOutput: true, normsBefore: true, nonLinearity: .relu)

  private init(isBehindAttention: Bool, isBehindOutput: Bool, normsBefore: Bool, nonLinearity: NonLinearity) {
    (self.hasAttentionAdapter, self.hasOutputAdapter) = (isBehindAttention, isBehindOutput)
    (self.normsBefore, self.nonLinearity) = (normsBefore, nonLinearity)
  }

  /// What `reductionFactor` may be.
  public static let factors = 0.01...1e6

  /// How wide a bottleneck is in a model of this width.
  func size(of width: Int) -> Int { max(1, Int((Double(width) / reductionFactor).rounded(.down))) }
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

/// Blocks that a model does not have, or all that it has.
public struct LeftOutFault: Error, CustomStringConvertible {
  let layers: [Int]
  let count: Int
  public var description: String {
    "'leave_out': \(layers.map(String.init).joined(separator: ", ")); this model has layers 0 to \(count - 1), of which one at "
      + "least gets a bottleneck."
  }
}

extension BottleneckConfig: AdapterMethod {
  /// Not PEFT's: its files have no `peft_type`.
  public static var peftType: String { "BOTTLENECK" }
  public static var format: AdapterFormat { .adapterHub }
  public static var tensorPrefix: String { "" }
  public mutating func addModulesToSave(_ modules: [String]) { modulesToSave += modules }

  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    let blocks = model.encoder.adapterSlots
    let absent = leaveOut.filter { !blocks.indices.contains($0) }
    let left = absent.isEmpty && Set(leaveOut).count == blocks.count ? leaveOut : absent
    if seed != nil, !left.isEmpty { throw LeftOutFault(layers: left, count: blocks.count) }
    var fitting = Injection()
    func add(
      _ module: String, to block: BlockAdapterSlots,
      _ place: ReferenceWritableKeyPath<BlockAdapterSlots, (any ResidualAdapter)?>
    ) {
      let bottleneck = Bottleneck(block.name + module + name, width: model.config.hiddenSize, self)
      if let seed { bottleneck.initialize(seed: seed) }
      fitting.slots.append(AdapterSlot(block, place, bottleneck))
      fitting.tensors += bottleneck.parameters.map { SavedParameter(name: $0.name, parameter: $0) }
    }
    let modules =
      switch model.config.family {
      case .bert: (attention: ".attention.output.adapters.", output: ".output.adapters.")
      case .distilbert: (attention: ".attention_adapters.adapters.", output: ".output_adapters.adapters.")
      }
    for (index, block) in blocks.enumerated() where !leaveOut.contains(index) {
      if hasAttentionAdapter { add(modules.attention, to: block, \.attentionOutput) }
      if hasOutputAdapter { add(modules.output, to: block, \.output) }
    }
    fitting.replacedWeights = model.weights(of: modulesToSave, prefix: "")
    return fitting
  }
}
