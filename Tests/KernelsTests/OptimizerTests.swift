/// AdamW against a Double loop.
import CKernels
import Glibc
import TestSupport
import Testing

@Suite struct OptimizerTests {
  @Test(arguments: [1, 15, 64, 131]) func `ten steps of AdamW agree with the paper's equations in Double`(_ count: Int)
  {
    let (rate, beta1, beta2, eps, decay, clip) = (0.01, 0.9, 0.999, 1e-8, 0.1, 0.5)
    var p = Grid.random(1, count, seed: 1).floats
    var m = [Float](repeating: 0, count: count), v = m
    var wanted = p.map(Double.init), first = [Double](repeating: 0, count: count), second = first
    for step in 1...10 {
      let g = Grid.random(1, count, seed: UInt64(100 + step))
      let (c1, c2) = (1 - pow(beta1, Double(step)), 1 - pow(beta2, Double(step)))
      tune_adamw(
        &p, g.floats, &m, &v, count, Float(clip), Float(rate / c1), Float(c2.squareRoot()), Float(beta1), Float(beta2),
        Float(eps), Float(1 - rate * decay))
      for i in 0..<count {
        let slope = g.values[i] * clip
        first[i] = beta1 * first[i] + (1 - beta1) * slope
        second[i] = beta2 * second[i] + (1 - beta2) * slope * slope
        wanted[i] -= rate * decay * wanted[i]
        wanted[i] -= rate * (first[i] / c1) / ((second[i] / c2).squareRoot() + eps)
      }
    }
    #expect(relativeError(p, wanted) < 2e-6)
    #expect(relativeError(m, first) < 1e-6)
    // 1 - β2 in Float32 is 0.001 to 5e-5 of itself.
    #expect(relativeError(v, second) < 1e-4)
  }
}
