/// Integrated gradients and gradient × input, at the output of the embeddings.
import Autograd
import Encoders
import Tasks

extension ExplainedFeature {
  /// The attribution of each token, Σ over the columns of (x - b)·∫ ∂f/∂x, and how far their sum is from f(x) - f(b).
  /// - Parameter baseline: tokens in place of the sequence's.
  func integratedGradients(
    steps: Int, baseline: [Int32], _ workspace: Workspace
  ) -> (attributions: [Double], value: Double, baselineValue: Double) {
    let pass = Pass(workspace), ends = batch([features.ids, baseline])
    let embedded = model.embed(ends, adapters: adapters, pass)
    let encoded = model.encode(ends, adapters: adapters, embedded: embedded, pass)
    let values = values(logits(encoded, copies: 2, pass), copies: 2)
    let rows = embedded.rows / 2, d = embedded.columns, half = rows * d
    let (x, b) = (embedded.pointer, embedded.pointer + half)
    var sums = [Float](repeating: 0, count: half)
    let nodes = gaussLegendre(steps)
    for chunk in chunks(steps) {
      let nodes = Array(nodes[chunk])
      gradients(copies: nodes.count, rows: rows, columns: d, workspace) { point in
        for (copy, node) in nodes.enumerated() {
          let t = Float(node.node)
          for i in 0..<half { point[copy * half + i] = b[i] + t * (x[i] - b[i]) }
        }
      } receive: { gradient in
        for (copy, node) in nodes.enumerated() {
          let weight = Float(node.weight)
          for i in 0..<half { sums[i] += weight * gradient[copy * half + i] }
        }
      }
    }
    let attributions = tokenRows(encoded).map { row in
      (row * d..<(row + 1) * d).reduce(0.0) { $0 + Double(sums[$1]) * Double(x[$1] - b[$1]) }
    }
    return (attributions, values[0], values[1])
  }

  /// Σ over the columns of x·∂f/∂x, of each token.
  func gradientXInput(_ workspace: Workspace) -> (attributions: [Double], value: Double) {
    let pass = Pass(workspace), own = batch([features.ids])
    let embedded = model.embed(own, adapters: adapters, pass), d = embedded.columns
    var gradient: [Float] = []
    let (values, tokenRows) = gradients(copies: 1, rows: embedded.rows, columns: d, workspace) {
      $0.update(from: embedded.pointer, count: embedded.count)
    } receive: {
      gradient = Array(UnsafeBufferPointer(start: $0, count: embedded.count))
    }
    let attributions = tokenRows.map { row in
      (row * d..<(row + 1) * d).reduce(0.0) { $0 + Double(gradient[$1]) * Double(embedded.pointer[$1]) }
    }
    return (attributions, values[0])
  }

  /// Runs copies of the sequence from given outputs of the embeddings, forward and backward.
  /// - Parameters:
  ///   - rows: of a copy, with those of virtual tokens.
  ///   - write: writes the outputs of the embeddings, copy by copy.
  ///   - receive: gets their gradients.
  /// - Returns: f of each copy, and the rows of the first copy's tokens.
  @discardableResult
  private func gradients(
    copies: Int, rows: Int, columns: Int, _ workspace: Workspace, write: (UnsafeMutablePointer<Float>) -> Void,
    receive: (UnsafePointer<Float>) -> Void
  ) -> (values: [Double], tokenRows: [Int]) {
    var values: [Double] = [], rowsOfTokens: [Int] = []
    withoutActuallyEscaping(receive) { receive in
      // No dropout: there is no key.
      let pass = Pass(workspace, gradients: NoGradients(), randomKey: nil)
      let x = variable(copies * rows, columns, pass, write: write) { receive($0.pointer) }
      let batch = batch(Array(repeating: features.ids, count: copies))
      let encoded = model.encode(batch, adapters: adapters, embedded: x, pass)
      let logits = logits(encoded, copies: copies, pass)
      rowsOfTokens = tokenRows(encoded)
      values = self.values(logits, copies: copies)
      pass.backward(from: logits, gradient: seed(logits, copies: copies, pass))
    }
    return (values, rowsOfTokens)
  }

  /// The rows of the sequence's tokens in the first copy of an encoded batch.
  func tokenRows(_ encoded: EncodedBatch) -> [Int] {
    encoded.tokenRows.map { $0[..<count].map(Int.init) } ?? Array(0..<count)
  }
}
