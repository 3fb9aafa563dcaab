/// LoRA's initializations: initial output, determinism, saving, merging, faults.
import Autograd
import Encoders
import Kernels
import TestSupport
import Testing

@testable import Adapters

private let initializations: [LoRAInit] = [.default, .gaussian, .orthogonal, .pissa, .pissaByIteration(2), .olora]

private func config(_ initialization: LoRAInit) -> LoRAConfig {
  var config = LoRAConfig()
  (config.rank, config.alpha, config.initialization, config.useRSLoRA) = (4, 3, initialization, true)
  config.modules.targets = .allLinear
  config.rankPattern = ["query": 2]
  config.alphaPattern = ["key": 5]
  return config
}

@Test(arguments: initializations)
func `the adapted model initially equals the base, and one seed gives one initialization`(
  _ initialization: LoRAInit
) throws {
  let model = try tinyModel(), before = try logits(model)
  let adapters = try [1, 1, 2].map { try Adapter(config(initialization), on: model, seed: $0) }
  #expect(relativeError(try logits(model, adapters[0]), before) < 2e-5)
  let (a, b) = (values(adapters[0], "lora_A"), values(adapters[0], "lora_B"))
  #expect(a == values(adapters[1], "lora_A") && b == values(adapters[1], "lora_B"))
  #expect((a == values(adapters[2], "lora_A")) == (initialization == .pissa || initialization == .olora))
  #expect(a.contains { $0 != 0 })
  #expect(b.allSatisfy { $0 == 0 } == (initialization == .default || initialization == .gaussian))
}

private func values(_ adapter: Adapter, _ part: String) -> [Float] {
  adapter.injection.tensors.filter { $0.name.contains(part) }.flatMap { Array($0.parameter.values) }
}

@Test func `PiSSA uses the largest singular values, OLoRA an orthogonal basis`() throws {
  let model = try tinyModel()
  for (initialization, isExact) in [(LoRAInit.pissa, true), (.pissaByIteration(40), false)] {
    let lora = try first(Adapter(config(initialization), on: model, seed: 1))
    let weight = DenseMatrix(model.projections[0].weight.matrix)
    let s = try svd(of: weight).s
    // The norms of rows of A and of columns of B are √(S/s).
    for k in 0..<2 {
      let row = lora.a.values[k * 32..<(k + 1) * 32].reduce(0) { $0 + $1 * $1 }
      let column = (0..<32).reduce(Float(0)) { $0 + lora.b.values[$1 * 2 + k] * lora.b.values[$1 * 2 + k] }
      for length in [row, column] {
        #expect(abs(length * lora.scale / s[k] - 1) < (isExact ? 1e-5 : 1e-2), "\(initialization) \(k)")
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

@Test(arguments: initializations)
func `a trained adapter is saved as a plain LoRA with the same logits`(_ initialization: LoRAInit) throws {
  let model = try tinyModel(), before = try logits(model)
  let adapter = try Adapter(config(initialization), on: model, seed: 3)
  for parameter in adapter.trainable {
    for index in 0..<parameter.count { parameter.pointer[index] += 0.1 * Float(index % 7 - 3) }
  }
  let trained = try logits(model, adapter)
  #expect(relativeError(trained, before) > 1e-2)
  let folder = TemporaryFolder()
  try adapter.save(to: folder.path, base: "b", head: .tokenClassification)
  let loaded = try Adapter(folder: folder.path, on: model)
  let isPart = initialization.isPartOfWeight
  #expect((loaded.method as? LoRAConfig)?.initialization == .default)
  #expect((loaded.method as? LoRAConfig)?.rank == (isPart ? 8 : 4))
  #expect(relativeError(try logits(model, loaded), trained) < (isPart ? 1e-5 : 1e-7))
}

@Test func `an initialization that the rank or DoRA does not allow is an error`() throws {
  let model = try tinyModel()
  var odd = config(.orthogonal)
  odd.rank = 3
  #expect("\(#expect(throws: LoRAInitFault.self) { try Adapter(odd, on: model, seed: 1) }!)".contains("even rank"))
  for initialization in [LoRAInit.pissa, .olora] {
    var large = config(initialization)
    large.rank = 33
    (large.rankPattern, large.alphaPattern) = ([:], [:])
    large.modules.targets = .suffixes(["intermediate.dense"])
    #expect(
      "\(#expect(throws: LoRAInitFault.self) { try Adapter(large, on: model, seed: 1) }!)".contains("no more than 32"))
    var withDoRA = config(initialization)
    withDoRA.useDoRA = true
    #expect(
      "\(#expect(throws: LoRAInitFault.self) { try Adapter(withDoRA, on: model, seed: 1) }!)".contains("use_dora"))
  }
}

@Test(arguments: initializations)
func `a merged LoRA gives the logits of the adapted model`(_ initialization: LoRAInit) throws {
  let model = try tinyModel()
  let adapter = try Adapter(config(initialization), on: model, seed: 3)
  for parameter in adapter.trainable {
    for index in 0..<parameter.count { parameter.pointer[index] += 0.1 * Float(index % 5 - 2) }
  }
  #expect(relativeError(try logits(adapter.merged()), try logits(model, adapter)) < 1e-5)
}
