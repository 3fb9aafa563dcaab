/// "method": {"type": "houlsby", …} and "pfeiffer". Keys are those of `BnConfig` of the `adapters` library.
import Adapters

extension BottleneckConfig: MethodSection {
  /// The value that the library's authors use.
  var defaultLearningRate: Double { 1e-4 }

  mutating func declare(_ fields: Fields) {
    fields.field(
      "reduction_factor", &reductionFactor, .number(Self.reductionFactors), "Hidden size divided by bottleneck size.")
    fields.field("non_linearity", &nonLinearity, .choice, "Activation inside the bottleneck.")
    fields.field("scaling", &scaling, .number(above: 0), "Factor on the bottleneck's output.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout on the bottleneck's output.")
    fields.field(
      "leave_out", &leaveOut, .list(of: .int(0..., maximum: 9999)), "Layers without a bottleneck, counted from 0.")
  }
}
