/// Tests that an adapter's answers do not depend on when it is loaded and on what is loaded beside it.
import Adapters
import Autograd
import Checkpoints
import Dispatch
import Encoders
import Files
import Kernels
import Serving
import Synchronization
import Tasks
import TestSupport
import Testing

@Suite struct ServedBaseTests {
  /// Adapters of all methods and tasks, of a replaced matrix in a joined projection, of PiSSA, and with new tokens.
  private func saveAll() throws -> (saved: SavedAdapters, folders: [String]) {
    let saved = try SavedAdapters()
    var folders = try everyMethod().enumerated().map { index, entry in
      try saved.save(entry.name, entry.method, tasks[(index + 1) % tasks.count], seed: UInt64(index))
    }
    var replacing = LoRAConfig(), tables = BitFit(), pissa = LoRAConfig()
    replacing.modules.targets = .suffixes(["value"])
    replacing.modules.modulesToSave = ["layer.0.attention.self.query", "LayerNorm"]
    tables.modules.modulesToSave = ["word_embeddings"]
    pissa.rank = 4
    folders += [
      try saved.save("replacing", replacing), try saved.save("tables", tables),
      try saved.save("pissa", pissa, tasks[1]),
      try saved.save("tokens", LoRAConfig(), newTokens: ["@A$", "@B$"]),
      try saved.save("other tokens", LoRAConfig(), tasks[1], newTokens: ["@C$"]),
      try saved.save("tokens in full", BitFit(), newTokens: ["@D$"]),
    ]
    let config = saved.folder.path + "/pissa/adapter_config.json"
    try writeFile(JSON(path: config).with("init_lora_weights", "pissa").text(), to: config)
    return (saved, folders)
  }

  @Test(arguments: InferencePrecision.allCases)
  func `an adapter answers the same whenever it is loaded`(_ precision: InferencePrecision) throws {
    let (saved, folders) = try saveAll()
    let base = try ServedBase(folder: saved.base, precision: precision), own = try base.own(), before = own.bits()
    let members = try folders.map { try base.load(name: "a", folder: $0) }
    let answers = members.map { $0.bits() }
    #expect(own.bits() == before && Set(answers).count == answers.count && !answers.contains(before))
    #expect(try folders.reversed().map { try base.load(name: "b", folder: $0).bits() }.reversed() == answers)
    for (member, answer) in zip(members, answers) {
      // As with the adapter loaded first, and the base converted afterwards.
      let model = try TextModel(
        member.model.config,
        WeightSource(Checkpoint(folder: saved.base), of: .bert, forInference: GEMMBackend.selected > .blas),
        headType: member.model.headType, layers: member.model.headLayers, classes: 5, reuseHead: true, seed: 0)
      let adapter = try Adapter(folder: member.folder, on: model)
      if precision == .int8 { model.quantize() }
      model.setPrecision(precision.products, adapters: [adapter.set], hasGradients: false)
      let found = model(Batch(sequences), adapters: RowAdapters(adapter.set), Pass(Workspace())).array
      if GEMMBackend.selected > .blas { #expect(found.map(\.bitPattern) == answer, "\(member.folder)") }
    }
  }

  @Test func `adapters are loaded while others answer`() throws {
    let (saved, folders) = try saveAll(), base = try ServedBase(folder: saved.base, precision: .bf16)
    let alone = try folders.map {
      try ServedBase(folder: saved.base, precision: .bf16).load(name: "a", folder: $0).bits()
    }
    let own = try base.own(), before = own.bits(), differences = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for round in 0..<folders.count {
        let index = (round + 5 * thread) % folders.count
        let found = try? base.load(name: "a", folder: folders[index]).bits()
        if found != alone[index] || own.bits() != before { differences.withLock { $0.append(folders[index]) } }
      }
    }
    #expect(differences.withLock { $0 } == [])
  }

  @Test func `adapters of several tasks and heads answer in one pool`() throws {
    let saved = try SavedAdapters()
    let folders = try tasks.prefix(4).enumerated().map { try saved.save("\($0)", LoRAConfig(), $1) }
    let pool = try AdapterPool(
      folder: saved.base, adapters: folders.map { ("\(lastPathComponent($0))", $0) }, withBase: true)
    #expect(pool.members.map { type(of: $0.task).headType.isBySequence } == [false, false, true, true, true])
    #expect(Set(pool.members.map { $0.bits() }).count == 5)
    _ = try Predictor(pool) { for index in 0..<$0 { $1(index, Workspace()) } }
    let questions = try saved.save("questions", LoRAConfig(), tasks[4])
    let mixed = try AdapterPool(
      folder: saved.base, adapters: [("ner", folders[0]), ("qa", questions)], withBase: false)
    #expect {
      _ = try Predictor(mixed) { for index in 0..<$0 { $1(index, Workspace()) } }
    } throws: {
      "\($0)".contains("0 was trained for token_classification.") && "\($0)".contains("for extractive_qa. Questions")
    }
  }
}
