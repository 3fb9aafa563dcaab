/// Scaling of columns against plain loops in Double.
import Autograd
import TestSupport
import Testing

private func oracle(_ all: [Grid]) -> Grid {
  var y = all[0]
  for i in 0..<y.rows { for j in 0..<y.columns { y[i, j] *= all[1].values[j] } }
  return y
}

@Suite struct ScaleTests {
  // Sizes around the 16 vector lanes.
  @Test(arguments: [(1, 1), (3, 5), (2, 16), (4, 31)])
  func `scaled columns agree with plain loops`(_ shape: (Int, Int)) {
    let setting = Setting(
      inputs: [.random(shape.0, shape.1, seed: 1)], parameters: [.random(1, shape.1, seed: 2, around: 1)])
    let d = distance(setting, { x, p, pass in scale(x[0], by: p[0], pass) }, oracle: oracle)
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-6)
    #expect(d.allocations == 0)
  }

  @Test(arguments: [(0, 3), (2, 7), (5, 16)])
  func `scaling in place agrees too, also with a gain of zero, and leaves the other columns unchanged`(
    _ range: (Int, Int)
  ) {
    let (n, d) = (4, 16), columns = range.0..<range.1
    let x = Grid.random(n, d, seed: 3), dy = Grid.random(n, d, seed: 4)
    var gains = Grid.random(1, columns.count, seed: 5)
    gains[0, 0] = 0
    let gain = Parameter("gain", shape: [columns.count])
    for (index, value) in gains.floats.enumerated() { gain.pointer[index] = value }
    let gradients = Gradients(ParameterTable(training: [gain]))
    let pass = Pass(Workspace(), gradients: gradients)
    let y = pass.make(n, d, tracked: true), gradient = pass.make(n, d)
    fill(y, x.floats)
    fill(gradient, dy.floats)
    scale(columns: columns, of: y, by: gain, pass)?(gradient)
    for i in 0..<n {
      for j in 0..<d {
        let factor = columns.contains(j) ? gains.values[j - range.0] : 1
        #expect(abs(Double(y.array[i * d + j]) - x[i, j] * factor) < 1e-6)
        #expect(abs(Double(gradient.array[i * d + j]) - dy[i, j] * factor) < 1e-6)
      }
    }
    for j in columns {
      let expected = (0..<n).reduce(0.0) { $0 + dy[$1, j] * x[$1, j] }
      #expect(abs(Double(gradients.pointer[j - range.0]) - expected) < 1e-6)
    }
  }
}
