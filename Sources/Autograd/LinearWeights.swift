/// The weight [out, in] and bias [out] of one linear layer, as `linear` and its adapters read them.
public struct LinearWeights: Sendable {
  public let weight: Parameter
  public let bias: Parameter?

  public init(weight: Parameter, bias: Parameter?) {
    self.weight = weight
    self.bias = bias
  }
}
