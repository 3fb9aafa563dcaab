/// Measures the machine's current peak SGEMM throughput, for comparison with a step in the same process.
import Autograd
import Encoders
import Kernels
import Training

/// GFLOP/s of [1024, 768]·[768, 768]ᵀ with OpenBLAS on all threads at once, each with its own operands: the best of
/// twelve rounds of eight products.
func sgemmPeak(_ replicas: Replicas) -> Double {
  let (n, d, products) = (1024, 768, 8)
  let operands = (0..<replicas.threads).map { thread in
    let x = Parameter("x", shape: [n, d]), w = Parameter("w", shape: [d, d]), y = Parameter("y", shape: [n, d])
    for operand in [x, w] { Initializer.uniform(1).fill(operand, seed: UInt64(thread)) }
    return (x: x, w: w, y: y)
  }
  let clock = ContinuousClock()
  let minimum = (0..<12).map { _ in
    clock.measure {
      replicas.forEach(replicas.threads) { thread, _ in
        let (x, w, y) = operands[thread]
        for _ in 0..<products { gemm(x.matrix, w.matrix.transposed, into: y.matrix, backend: .blas) }
      }
    } / .seconds(1)
  }.min()
  return Double(2 * n * d * d * products * replicas.threads) / (minimum ?? .nan) / 1e9
}
