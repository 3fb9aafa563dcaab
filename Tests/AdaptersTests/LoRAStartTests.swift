import Autograd
import Kernels
import Models
import TestSupport
import Testing

@testable import Adapters

private let starts: [LoRAInit] = [.default, .gaussian, .orthogonal, .pissa, .pissaByIteration(2), .olora]

private func config(_ start: LoRAInit) -> LoRAConfig {
  var config = LoRAConfig()
  (config.rank, config.alpha, config.initialization, config.useRSLoRA) = (4, 3, start, true)
  config.modules.targets = .allLinear
  config.rankPattern = ["query": 2]
  config.alphaPattern = ["key": 5]
  return config
}

@Test(arguments: starts)
func `with every start the model is itself at first, and the same start comes of the same seed`(_ start: LoRAInit)
  throws
{
  let model = try tinyModel(), before = try logits(model)
  let adapters = try [1, 1, 2].map { try Adapter(config(start), on: model, seed: $0) }
  adapters[0].attach()
  #expect(relativeError(try logits(model), before) < 2e-5)
  adapters[0].detach()
  let (a, b) = (numbers(adapters[0], "lora_A"), numbers(adapters[0], "lora_B"))
  #expect(a == numbers(adapters[1], "lora_A") && b == numbers(adapters[1], "lora_B"))
  #expect((a == numbers(adapters[2], "lora_A")) == (start == .pissa || start == .olora))
  #expect(a.contains { $0 != 0 })
  #expect(b.allSatisfy { $0 == 0 } == (start == .default || start == .gaussian))
}

private func numbers(_ adapter: Adapter, _ part: String) -> [Float] {
  adapter.injection.tensors.filter { $0.name.contains(part) }.flatMap { Array($0.parameter.values) }
}

@Test func `PiSSA takes the largest singular values, OLoRA an orthogonal basis`() throws {
  let model = try tinyModel()
  for (start, exact) in [(LoRAInit.pissa, true), (.pissaByIteration(40), false)] {
    let lora = try first(Adapter(config(start), on: model, seed: 1))
    let weight = DenseMatrix(model.projections[0].weight.matrix)
    let s = try svd(of: weight).s
    // Rows of A are as long as columns of B: √(S/s).
    for k in 0..<2 {
      let row = lora.a.values[k * 32..<(k + 1) * 32].reduce(0) { $0 + $1 * $1 }
      let column = (0..<32).reduce(Float(0)) { $0 + lora.b.values[$1 * 2 + k] * lora.b.values[$1 * 2 + k] }
      for length in [row, column] {
        #expect(abs(length * lora.scale / s[k] - 1) < (exact ? 1e-5 : 1e-2), "\(start) \(k)")
      }
    }
  }
  let olora = try first(Adapter(config(.olora), on: model, seed: 1))
  let basis = DenseMatrix(olora.b.matrix)
  let gram = basis.transposed * basis
  #expect(relativeError(gram.values, [1, 0, 0, 1]) < 1e-6)
}

private func first(_ adapter: Adapter) throws -> LoRA {
  try #require(adapter.injection.projections[0].adapter as? ResidualInitLoRA).lora
}

@Test(arguments: starts)
func `whatever was learned from a start is saved as a plain LoRA that gives the same`(_ start: LoRAInit) throws {
  let model = try tinyModel(), before = try logits(model)
  let adapter = try Adapter(config(start), on: model, seed: 3)
  for parameter in adapter.trainable {
    for index in 0..<parameter.count { parameter.pointer[index] += 0.1 * Float(index % 7 - 3) }
  }
  adapter.attach()
  let learned = try logits(model)
  adapter.detach()
  #expect(relativeError(learned, before) > 1e-2)
  let folder = TemporaryFolder()
  try adapter.save(to: folder.path, base: "b", head: .tokenClassification)
  let again = try Adapter(folder: folder.path, on: model)
  let isPart = start.isPartOfWeight
  #expect((again.method as? LoRAConfig)?.initialization == .default)
  #expect((again.method as? LoRAConfig)?.rank == (isPart ? 8 : 4))
  again.attach()
  #expect(relativeError(try logits(model), learned) < (isPart ? 1e-5 : 1e-7))
  again.detach()
}

@Test func `a start that the sizes do not allow is refused in words`() throws {
  let model = try tinyModel()
  var odd = config(.orthogonal)
  odd.rank = 3
  #expect("\(#expect(throws: LoRAInitFault.self) { try Adapter(odd, on: model, seed: 1) }!)".contains("even rank"))
  for start in [LoRAInit.pissa, .olora] {
    var large = config(start)
    large.rank = 33
    (large.rankPattern, large.alphaPattern) = ([:], [:])
    large.modules.targets = .suffixes(["intermediate.dense"])
    #expect(
      "\(#expect(throws: LoRAInitFault.self) { try Adapter(large, on: model, seed: 1) }!)".contains("no more than 32"))
    var both = config(start)
    both.useDoRA = true
    #expect("\(#expect(throws: LoRAInitFault.self) { try Adapter(both, on: model, seed: 1) }!)".contains("use_dora"))
  }
}

@Test(arguments: starts)
func `a weight that a LoRA was merged into gives what both gave`(_ start: LoRAInit) throws {
  let model = try tinyModel()
  let adapter = try Adapter(config(start), on: model, seed: 3)
  for parameter in adapter.trainable {
    for index in 0..<parameter.count { parameter.pointer[index] += 0.1 * Float(index % 5 - 2) }
  }
  adapter.attach()
  let apart = try logits(model)
  for (projection, seam) in adapter.injection.projections {
    projection.adapter = nil
    projection.weight.makeWritable()
    try #require(seam as? any Mergeable).merge(into: projection.weight.pointer, bias: projection.bias.pointer)
  }
  #expect(relativeError(try logits(model), apart) < 1e-5)
}
