/// "method": {"type": "houlsby", …} and "pfeiffer"; names and meanings are those of `BnConfig` of the `adapters` library.
import Adapters

extension BottleneckConfig: MethodSection {
  /// What the library's authors train with.
  var defaultLearningRate: Double { 1e-4 }

  mutating func declare(_ fields: Fields) {
    fields.field(
      "reduction_factor", &reductionFactor, .number(Self.factors), "The model's width over that of a bottleneck.")
    fields.field("non_linearity", &nonLinearity, .choice, "The function inside a bottleneck.")
    fields.field("scaling", &scaling, .number(above: 0), "What a bottleneck's output is multiplied by.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout of a bottleneck's output.")
    fields.field(
      "leave_out", &leaveOut, .list(of: .int(0..., most: 9999)), "Layers without bottlenecks, counted from 0.")
  }
}
