/// The distillation losses against PyTorch's.
import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

/// The loss of a golden case.
private func makeLoss(_ settings: JSON) -> Loss? {
  let scale = Float(settings["scale"]?.number ?? 0), temperature = Float(settings["temperature"]?.number ?? 1)
  let heads = settings["heads"]?.int ?? 0, k = settings["k"]?.int ?? 0
  let sequenceOffsets = (settings["lengths"]?.array ?? []).reduce(into: [0]) {
    $0.append(($0.last ?? 0) + ($1.int ?? 0))
  }
  switch settings["op"]?.string {
  case "divergence": return { divergence($0, from: $1, temperature: temperature, scale: scale, $2) }
  case "top":
    return { x, teacher, pass in
      let top = TopLogProbabilities(of: teacher, k: k, temperature: temperature)
      return divergence(x, from: top, temperature: temperature, scale: scale, pass)
    }
  case "cosine": return { cosineDistance($0, from: $1, scale: scale, $2) }
  case "squared": return { squaredError($0, from: $1, scale: scale, $2) }
  case "scores": return { scoreError($0, from: $1, sequenceOffsets: sequenceOffsets, heads: heads, scale: scale, $2) }
  case "relations":
    return { relationDivergence($0, from: $1, sequenceOffsets: sequenceOffsets, heads: heads, scale: scale, $2) }
  default: return nil
  }
}

@Suite struct LossGoldenTests {
  @Test(arguments: [
    "divergence.T1", "divergence.T2", "divergence.T4", "divergence.extreme", "divergence.wide", "top.T1", "top.T2",
    "top.T4", "cosine", "cosine.nothing", "squared", "scores.alike", "scores.narrow", "relations.alike",
    "relations.narrow",
  ])
  func `loss and gradient match PyTorch's in Double`(_ name: String) throws {
    try Processor.initialize()
    let settings = try #require(JSON(path: fixture("losses/golden.json"))[name])
    let loss = try #require(makeLoss(settings)), expected = try #require(settings["loss"]?.number)
    let golden = try Checkpoint(file: fixture("losses/golden.safetensors"))
    let rows = try #require(golden.info("\(name).student").shape.first)
    func grid(_ part: String) throws -> Grid {
      let values = try golden.array("\(name).\(part)")
      return Grid(rows, values.count / rows, floats: values)
    }
    let found = run(try grid("student"), from: try grid("teacher"), loss)
    #expect(found.faults.isEmpty)
    #expect(abs(found.loss - expected) < 1e-6 * abs(expected))
    #expect(relativeError(found.gradient, try grid("gradient").values) < 2e-6)
  }
}
