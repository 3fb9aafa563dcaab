/// AdamW against a loop in Double.
import CKernels
import Glibc
import TestSupport
import Testing

@Suite struct OptimizerTests {
  @Test(arguments: [1, 15, 64, 131]) func `ten AdamW steps agree with the paper's equations in Double`(_ count: Int) {
    let (learningRate, beta1, beta2, eps, weightDecay, clipFactor) = (0.01, 0.9, 0.999, 1e-8, 0.1, 0.5)
    var p = Grid.random(1, count, seed: 1).floats
    var m = [Float](repeating: 0, count: count), v = m
    var expected = p.map(Double.init), first = [Double](repeating: 0, count: count), second = first
    for step in 1...10 {
      let g = Grid.random(1, count, seed: UInt64(100 + step))
      let (biasCorrection1, biasCorrection2) = (1 - pow(beta1, Double(step)), 1 - pow(beta2, Double(step)))
      tune_adamw(
        &p, g.floats, &m, &v, count, Float(clipFactor), Float(learningRate / biasCorrection1),
        Float(biasCorrection2.squareRoot()), Float(beta1), Float(beta2),
        Float(eps), Float(1 - learningRate * weightDecay))
      for i in 0..<count {
        let gradient = g.values[i] * clipFactor
        first[i] = beta1 * first[i] + (1 - beta1) * gradient
        second[i] = beta2 * second[i] + (1 - beta2) * gradient * gradient
        expected[i] -= learningRate * weightDecay * expected[i]
        expected[i] -= learningRate * (first[i] / biasCorrection1) / ((second[i] / biasCorrection2).squareRoot() + eps)
      }
    }
    #expect(relativeError(p, expected) < 2e-6)
    #expect(relativeError(m, first) < 1e-6)
    // 1 - β2 in Float32 is 0.001 to within 5e-5 of its value.
    #expect(relativeError(v, second) < 1e-4)
  }
}
