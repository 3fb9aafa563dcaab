/// The weight [out, in] and bias [out] of one linear layer, as `linear` and its adapters read them.
package struct LinearWeights: Sendable {
  package let weight: Parameter
  package let bias: Parameter?

  package init(weight: Parameter, bias: Parameter?) {
    self.weight = weight
    self.bias = bias
  }
}
