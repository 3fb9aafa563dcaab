/// Several adapters over one model: at the same time, for different rows of a batch, and beside the base.
import Autograd
import Dispatch
import Encoders
import Files
import Kernels
import Synchronization
import TestSupport
import Testing

@testable import Adapters

private let batch = Batch([[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], [2, 30, 31, 7, 3]])

/// Adapters of every kind of slot, with values that differ from the base's.
private func makeAdapters(on model: TextModel) throws -> [Adapter] {
  var lora = LoRAConfig(), dora = LoRAConfig(), saving = LoRAConfig(), prompt = PromptConfig(), tables = BitFit()
  lora.modules.targets = .allLinear
  (dora.useDoRA, dora.bias) = (true, .all)
  // One matrix of the joined projection is replaced, and another has a LoRA.
  saving.modules.targets = .suffixes(["value"])
  saving.modules.modulesToSave = ["layer.0.attention.self.query", "LayerNorm"]
  prompt.numVirtualTokens = 3
  tables.modules.modulesToSave = ["word_embeddings"]
  let methods: [any AdapterMethod] = [
    lora, dora, saving, tables, LayerNormTuning(), IA3Config(), BottleneckConfig.houlsby, prompt, PrefixConfig(),
  ]
  return try methods.enumerated().map { index, method in
    let adapter = try Adapter(method, on: model, seed: UInt64(index))
    for parameter in adapter.trainable {
      for k in 0..<parameter.count { parameter.pointer[k] += 0.05 * Float((k + index) % 7 - 3) }
    }
    return adapter
  }
}

private func bits(_ model: TextModel, _ adapter: Adapter?, _ workspace: Workspace = Workspace()) -> [UInt32] {
  model(batch, adapters: RowAdapters(adapter?.set), Pass(workspace)).array.map(\.bitPattern)
}

@Suite struct AdapterSetTests {
  @Test func `adapters in several threads at once give the bits that each gives alone, and so does the base`() throws {
    let model = try tinyModel(), before = bits(model, nil)
    let bytes = model.parameters.map { $0.values.map(\.bitPattern) }
    let adapters: [Adapter?] = [nil] + (try makeAdapters(on: model))
    let alone = adapters.map { bits(model, $0) }
    #expect(alone[0] == before && Set(alone).count == adapters.count)
    let differences = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      let workspace = Workspace()
      for round in 0..<200 {
        let index = (round * (thread + 1) + thread) % adapters.count
        if bits(model, adapters[index], workspace) != alone[index] { differences.add(1, ordering: .relaxed) }
      }
    }
    #expect(differences.load(ordering: .relaxed) == 0)
    #expect(bits(model, nil) == before)
    #expect(model.parameters.map { $0.values.map(\.bitPattern) } == bytes)
  }

  @Test func `two adapters train at once over one model as each does alone`() throws {
    /// The trained values after a few steps of plain gradient descent.
    @Sendable func train(_ model: TextModel, _ adapter: Adapter) -> [Float] {
      let table = ParameterTable(training: adapter.trainable), gradients = Gradients(table), workspace = Workspace()
      for _ in 0..<30 {
        gradients.reset()
        let pass = Pass(workspace, gradients: gradients)
        let logits = model(batch, adapters: RowAdapters(adapter.set), pass)
        _ = crossEntropy(logits, targets: (0..<batch.count).map { Int32($0 % 5) }, norm: Float(batch.count), pass)
        pass.backward()
        gradients.finish()
        for parameter in table.parameters {
          for k in 0..<parameter.count {
            parameter.pointer[k] -= 0.1 * gradients.pointer[parameter.offset.unsafelyUnwrapped + k]
          }
        }
      }
      return table.values
    }
    for (first, second) in [(0, 3), (1, 2), (2, 4)] {
      let alone = try [first, second].map { index in
        let model = try tinyModel()
        return train(model, try makeAdapters(on: model)[index])
      }
      let model = try tinyModel(), before = bits(model, nil), adapters = try makeAdapters(on: model)
      let together = Mutex([Int: [Float]]())
      DispatchQueue.concurrentPerform(iterations: 2) { thread in
        let values = train(model, adapters[thread == 0 ? first : second])
        together.withLock { $0[thread] = values }
      }
      #expect(together.withLock { [$0[0], $0[1]] } == alone)
      #expect(bits(model, nil) == before)
    }
  }

  @Test func `replaced weights are loaded as they were saved`() throws {
    let model = try tinyModel(), adapters = try makeAdapters(on: model)
    for index in [1, 2, 3, 4] {
      let folder = TemporaryFolder()
      try adapters[index].save(to: folder.path, base: "b", head: .tokenClassification)
      let loaded = try Adapter(folder: folder.path, on: model)
      #expect(bits(model, loaded) == bits(model, adapters[index]), "\(index)")
      #expect(
        zip(loaded.replacedWeights, adapters[index].replacedWeights).allSatisfy {
          $0.name == $1.name && Array($0.parameter.values) == Array($1.parameter.values)
        })
      #expect(loaded.replacedWeights.count == adapters[index].replacedWeights.count)
    }
  }

  @Test func `in bf16 a matrix beside a replaced one is rounded, and the replaced one is not`() throws {
    let model = try tinyModel(), adapter = try makeAdapters(on: model)[2]
    let projections = model.projections.prefix(2), copies = projections.map { adapter.set[$0.weight] }
    let replaced = Array(copies[0].values), rounded = Parameter("w", shape: copies[1].shape)
    _ = rounded.values.update(fromContentsOf: copies[1].values)
    rounded.roundToBF16()
    model.setPrecision(.bf16, adapters: [adapter.set])
    #expect(Array(copies[0].values) == replaced)
    #expect(Array(copies[1].values) == Array(rounded.values))
    #expect(projections.allSatisfy(\.weight.isBF16) && model.projections.allSatisfy { $0.weight.isBF16 })
  }

  @Test func `over packed bf16 weights every adapter gives the bits of those that are not packed`() throws {
    func answers(hasGradients: Bool) throws -> [[UInt32]] {
      let model = try tinyModel(), adapters: [Adapter?] = [nil] + (try makeAdapters(on: model))
      model.setPrecision(.bf16, adapters: adapters.compactMap { $0?.set }, hasGradients: hasGradients)
      let packed = model.projections.count { $0.weight.packed != nil }
      #expect(packed == (hasGradients || GEMMBackend.selected < .avx512bf16 ? 0 : 12))
      return adapters.map { bits(model, $0) } + adapters.map { bits(model, $0, Workspace.team(of: 2)[0]) }
    }
    let (packed, unpacked) = (try answers(hasGradients: false), try answers(hasGradients: true))
    #expect(packed.indices.filter { packed[$0] != unpacked[$0] } == [])
  }

  @Test func `over int8 weights every adapter answers nearly as before, for any batch and any number of threads`()
    throws
  {
    let model = try tinyModel(), adapters: [Adapter?] = [nil] + (try makeAdapters(on: model))
    let exact = adapters.map { model(batch, adapters: RowAdapters($0?.set), Pass(Workspace())).array }
    model.quantize()
    model.setPrecision(.bf16, adapters: adapters.compactMap { $0?.set })
    #expect(model.projections.filter { $0.weight.packed != nil }.count == 12 && model.wordEmbeddings.isBF16)
    for (adapter, exact) in zip(adapters, exact) {
      let logits = model(batch, adapters: RowAdapters(adapter?.set), Pass(Workspace())).array
      let errors = zip(logits, exact).map { Double(abs($0 - $1)) }, largest = exact.map(abs).max() ?? 0
      #expect(errors.reduce(0, +) / Double(errors.count) < 0.03 * Double(largest) && errors.contains { $0 > 0 })
      let first = model(Batch([[2, 9, 17, 33, 41, 5, 3]]), adapters: RowAdapters(adapter?.set), Pass(Workspace())).array
      #expect(Array(logits.prefix(first.count)) == first)
      let helped = Workspace.team(of: 2)[0]
      #expect(model(batch, adapters: RowAdapters(adapter?.set), Pass(helped)).array == logits)
    }
  }

  @Test func `rows of a batch may use different adapters`() throws {
    let model = try tinyModel()
    var scaled = IA3Config()
    scaled.initIA3Weights = false
    var dora = LoRAConfig()
    dora.useDoRA = true
    dora.modules.targets = .allLinear
    let lora = try makeAdapters(on: model)[0]
    let sets = [lora.set, try Adapter(scaled, on: model, seed: 1).set, try Adapter(dora, on: model, seed: 2).set]
    let sequences = [[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], [2, 30, 31, 7, 3], [2, 11, 3]] as [[Int32]]
    let all = Batch(sequences), offsets = all.sequenceOffsets
    // The third sequence uses the base.
    let order = [0, 1, nil, 2]
    let mixed = RowAdapters(
      order.enumerated().compactMap { sequence, set in
        set.map { (offsets[sequence]..<offsets[sequence + 1], sets[$0]) }
      })
    let encoded = model.encode(all, adapters: mixed, Pass(Workspace()))
    for (sequence, set) in order.enumerated() {
      let rows = (offsets[sequence]..<offsets[sequence + 1]).map { Int32($0) }
      let adapters = RowAdapters(set.map { sets[$0] })
      let found = model.logits(encoded, adapters: adapters, rows: rows, Pass(Workspace())).array
      let alone = model(Batch([sequences[sequence]]), adapters: adapters, Pass(Workspace())).array
      // OpenBLAS chooses its algorithm by the number of rows.
      if GEMMBackend.selected > .blas { #expect(found == alone) } else { #expect(relativeError(found, alone) < 1e-5) }
    }
  }
}
