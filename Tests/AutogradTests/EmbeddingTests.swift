/// Embedding lookup and row gathering against plain loops in Double.
import Autograd
import TestSupport
import Testing

@Suite struct EmbeddingTests {
  static let ids: [Int32] = [4, 0, 4, 4, 2, 6]
  static let positionIDs: [Int32] = [0, 1, 2, 3, 0, 1]
  static let tokenTypeIDs: [Int32] = [0, 0, 1, 1, 0, 0]

  static func setting(hiddenSize d: Int) -> Setting {
    Setting(
      inputs: [],
      parameters: [.random(7, d, seed: 1), .random(5, d, seed: 2), .random(2, d, seed: 3)])
  }

  static func op(_: [Tensor], _ p: [Parameter], _ pass: Pass) -> Tensor {
    embed(
      wordEmbeddings: p[0], ids: ids, positionEmbeddings: p[1], positionIDs: positionIDs, tokenTypeEmbeddings: p[2],
      tokenTypeIDs: tokenTypeIDs, pass)
  }

  static func oracle(_ all: [Grid]) -> Grid {
    var y = Grid(ids.count, all[0].columns)
    for i in ids.indices {
      for j in 0..<y.columns {
        y[i, j] = all[0][Int(ids[i]), j] + all[1][Int(positionIDs[i]), j] + all[2][Int(tokenTypeIDs[i]), j]
      }
    }
    return y
  }

  @Test(arguments: [1, 3, 16, 37], 0..<7)
  func `embeddings agree with plain loops and repeated tokens add up, whichever tables are trained`(
    _ d: Int, _ mix: Int
  ) {
    var s = Self.setting(hiddenSize: d)
    s.frozen = Set((0..<3).filter { mix >> $0 & 1 == 1 })
    let distance = distance(s, Self.op, oracle: Self.oracle)
    #expect(distance.forward < 1e-6)
    #expect(distance.gradient < 1e-6)
    #expect(distance.allocations == 0)
  }

  @Test(arguments: [Set<Int>(), [0]]) func `a token with a negative id has no word embedding`(_ frozen: Set<Int>) {
    var s = Self.setting(hiddenSize: 5)
    s.frozen = frozen
    let ids: [Int32] = [-1, 0, 4, -1, -1, 6]
    let d = distance(
      s,
      { _, p, pass in
        embed(
          wordEmbeddings: p[0], ids: ids, positionEmbeddings: p[1], positionIDs: Self.positionIDs,
          tokenTypeEmbeddings: p[2],
          tokenTypeIDs: Self.tokenTypeIDs, pass)
      },
      oracle: { all in
        var y = Self.oracle(all)
        for i in ids.indices {
          for j in 0..<5 {
            y[i, j] += (ids[i] < 0 ? 0 : all[0][Int(ids[i]), j]) - all[0][Int(Self.ids[i]), j]
          }
        }
        return y
      })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-6)
  }

  @Test func `word embeddings may be bfloat16`() {
    var s = Self.setting(hiddenSize: 7)
    s.frozen = [0]
    s.parameters[0].values = s.parameters[0].values.map {
      Double(Float(bitPattern: Float($0).bitPattern & 0xFFFF_0000))
    }
    let d = distance(
      s,
      { x, p, pass in
        let wordEmbeddings = Parameter("words", shape: p[0].shape)
        _ = wordEmbeddings.values.update(fromContentsOf: p[0].values)
        Parameter.convertToBF16([wordEmbeddings])
        return Self.op(x, [wordEmbeddings, p[1], p[2]], pass)
      }, oracle: Self.oracle)
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-6)
  }

  @Test func `a table that is read twice gets both gradients`() {
    let d = distance(
      Self.setting(hiddenSize: 5), { x, p, pass in stack([Self.op(x, p, pass), Self.op(x, p, pass)], pass) },
      oracle: {
        let y = Self.oracle($0)
        return Grid(2 * y.rows, y.columns, y.values + y.values)
      })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-6)
  }

  @Test(arguments: [[3], [0, 0, 5], [5, 4, 3, 2, 1, 0], [2, 2, 2, 2]] as [[Int32]])
  func `gathered rows get their gradients, and the others get zero`(_ rows: [Int32]) {
    let s = Setting(inputs: [.random(6, 9, seed: 4)])
    func oracle(_ all: [Grid]) -> Grid {
      Grid(rows.count, 9, rows.flatMap { row in (0..<9).map { all[0][Int(row), $0] } })
    }
    let once = distance(s, { x, _, pass in gather(x[0], rows: rows, pass) }, oracle: oracle)
    #expect(once.forward == 0)
    #expect(once.gradient < 1e-6)
    let twice = distance(
      s, { x, _, pass in stack([gather(x[0], rows: rows, pass), gather(x[0], rows: rows, pass)], pass) },
      oracle: { Grid(2 * rows.count, 9, oracle($0).values + oracle($0).values) })
    #expect(twice.gradient < 1e-6)
  }

  @Test(arguments: [3, 37]) func `rows in place of word embeddings get all of their gradient`(_ d: Int) {
    let rows: [Int32] = [1, -1, 1, 0, -1, -1]
    let s = Setting(inputs: [], parameters: [.random(7, d, seed: 1), .random(2, d, seed: 2), .random(5, d, seed: 3)])
    let distance = distance(
      s,
      { _, p, pass in
        embed(
          wordEmbeddings: p[0], ids: Self.ids, positionEmbeddings: p[2], positionIDs: Self.positionIDs,
          tokenTypeEmbeddings: nil, tokenTypeIDs: [], tokenRows: (p[1], rows), pass)
      },
      oracle: { all in
        var y = Grid(Self.ids.count, all[0].columns)
        for i in Self.ids.indices {
          for j in 0..<y.columns {
            let word = rows[i] < 0 ? all[0][Int(Self.ids[i]), j] : all[1][Int(rows[i]), j]
            y[i, j] = word + all[2][Int(Self.positionIDs[i]), j]
          }
        }
        return y
      })
    #expect(distance.forward < 1e-6 && distance.gradient < 1e-5, "\(distance)")
  }

  @Test(arguments: [true, false]) func `rows of a tied decoder replace the matrix's, also in the gradients`(
    _ hasBias: Bool
  ) {
    let ids: [Int32] = [5, 2], d = 6
    var s = Setting(
      inputs: [.random(4, d, seed: 1)],
      parameters: [.random(7, d, seed: 2), .random(2, d, seed: 3), .random(1, 7, seed: 4)])
    if !hasBias { s.frozen = [2] }
    let distance = distance(
      s,
      { x, p, pass in
        let weights = LinearWeights(weight: p[0], bias: hasBias ? p[2] : nil)
        return linear(x[0], [weights], adapters: [[AdaptedRows(TiedTokenRows(ids, p[1]))]], pass)
      },
      oracle: { all in
        var y = Grid(4, 7)
        for i in 0..<4 {
          for column in 0..<7 {
            let own = ids.firstIndex(of: Int32(column))
            for j in 0..<d { y[i, column] += all[0][i, j] * (own.map { all[2][$0, j] } ?? all[1][column, j]) }
            if hasBias { y[i, column] += all[3][0, column] }
          }
        }
        return y
      })
    #expect(distance.forward < 1e-5 && distance.gradient < 1e-4, "\(distance)")
  }
}
