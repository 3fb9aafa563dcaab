/// exp, erf, tanh and GELU against Glibc's Double functions, on dense grids and at the edges.
import CKernels
import Glibc
import Testing

/// `count` evenly spaced numbers from `range`.
private func grid(_ range: ClosedRange<Float>, _ count: Int = 200_000) -> [Float] {
  let step = (Double(range.upperBound) - Double(range.lowerBound)) / Double(count - 1)
  return (0..<count).map { Float(Double(range.lowerBound) + Double($0) * step) }
}

private func map(_ x: [Float], _ kernel: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void) -> [Float] {
  var y = x
  let count = x.count
  x.withUnsafeBufferPointer { x in
    y.withUnsafeMutableBufferPointer { y in
      if let x = x.baseAddress, let y = y.baseAddress { kernel(x, y, count) }
    }
  }
  return y
}

/// The largest errors: absolute, and in units in the last place of the exact value.
private func errors(_ x: [Float], _ found: [Float], _ f: (Double) -> Double) -> (absolute: Double, units: Double) {
  var absolute = 0.0, units = 0.0
  for (x, y) in zip(x, found) {
    let expected = f(Double(x))
    let error = abs(Double(y) - expected)
    absolute = max(absolute, error)
    units = max(units, error / Double(Float(expected).ulp))
  }
  return (absolute, units)
}

@Suite struct FunctionTests {
  @Test func `exp is accurate to two units in the last place`() {
    let x = grid(-87...88)
    #expect(errors(x, map(x, tune_exp), exp).units < 2)
    let near = grid(-1...1)
    #expect(errors(near, map(near, tune_exp), exp).units < 2)
  }

  @Test func `exp stays positive and finite at both ends`() {
    let y = map([-Float.infinity, -1e30, -88, 89, 1e30, .infinity], tune_exp)
    #expect(y.allSatisfy { $0 > 0 && $0.isFinite })
    #expect(y[0] < 2e-38 && y[5] > 1e38)
    #expect(map([0], tune_exp) == [1])
  }

  @Test func `NaN stays NaN`() {
    for count in [1, 16, 17] {
      let bad = [Float](repeating: .nan, count: count)
      #expect(map(bad, tune_exp).allSatisfy { $0.isNaN })
      #expect(map(bad, tune_erf).allSatisfy { $0.isNaN })
      #expect(map(bad, { tune_tanh($0, $1, $2) }).allSatisfy { $0.isNaN })
      for activation in [TUNE_GELU, TUNE_GELU_TANH] {
        let y = map(bad) { tune_activate($0, $1, nil, $2, Int32(activation.rawValue)) }
        #expect(y.allSatisfy { $0.isNaN })
      }
    }
  }

  @Test func `erf is accurate to seven units in the last place, and odd`() {
    let x = grid(-6...6)
    let y = map(x, tune_erf)
    let e = errors(x, y, erf)
    #expect(e.absolute < 4e-7)
    #expect(e.units < 7)
    #expect(map([0, .infinity, -.infinity, 40], tune_erf) == [0, 1, -1, 1])
    #expect(map(x.map { -$0 }, tune_erf) == y.map { -$0 })
  }

  @Test func `tanh is accurate to 2·2⁻²³, and keeps its relative accuracy near 0`() {
    let x = grid(-12...12), near = grid(-0.1...0.1)
    #expect(errors(x, map(x, { tune_tanh($0, $1, $2) }), tanh).absolute < 2.4e-7)
    #expect(errors(near, map(near, { tune_tanh($0, $1, $2) }), tanh).units < 4)
    #expect(map([0, -0.0, 90, -90, .infinity, -.infinity], { tune_tanh($0, $1, $2) }) == [0, -0.0, 1, -1, 1, -1])
  }

  @Test func `GELU and its derivative are accurate to 6e-7 of max(1, |x|), in both forms`() {
    let x = grid(-12...12)
    let c = (2 / Double.pi).squareRoot()
    func both(_ activation: UInt32) -> (y: [Float], derivative: [Float]) {
      var derivative = x
      let y = map(x) { x, y, count in
        derivative.withUnsafeMutableBufferPointer { tune_activate(x, y, $0.baseAddress, count, Int32(activation)) }
      }
      return (y, derivative)
    }
    func worst(_ found: [Float], _ f: (Double) -> Double) -> Double {
      zip(x, found).map { abs(Double($1) - f(Double($0))) / max(1, abs(Double($0))) }.max() ?? 0
    }
    let exact = both(TUNE_GELU.rawValue)
    #expect(worst(exact.y) { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) } < 3e-7)
    #expect(
      worst(exact.derivative) {
        0.5 * (1 + erf($0 / 2.0.squareRoot())) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot()
      } < 6e-7)
    let fast = both(TUNE_GELU_TANH.rawValue)
    #expect(worst(fast.y) { 0.5 * $0 * (1 + tanh(c * ($0 + 0.044715 * $0 * $0 * $0))) } < 3e-7)
    #expect(
      worst(fast.derivative) {
        let t = tanh(c * ($0 + 0.044715 * $0 * $0 * $0))
        return 0.5 * (1 + t) + 0.5 * $0 * (1 - t * t) * c * (1 + 3 * 0.044715 * $0 * $0)
      } < 6e-7)
  }
}
