/// Tests that adapters of all methods and tasks in one pass answer as each does alone, and that the base's rows do not
/// change beside them.
import Adapters
import Autograd
import Checkpoints
import Datasets
import Encoders
import Files
import Foundation
import Kernels
import TestSupport
import Testing

@testable import Serving
@testable import Tasks

/// A sequence of each member, and the base's own before, between and after them.
private func mixed(_ members: [Member?], _ base: Member, _ pass: Pass) -> [[Float]] {
  var all = Batch(), adapters: [(rows: Range<Int>, set: AdapterSet)] = []
  for (index, member) in members.enumerated() {
    let first = all.count
    all.append(Batch([sequences[index % sequences.count], sequences[(index + 1) % sequences.count]]))
    if let set = member?.adapter?.set { adapters.append((first..<all.count, set)) }
  }
  let states = members.contains { $0?.model.headLayers.mixesStates == true }
  let encoded = base.model.encode(all, adapters: RowAdapters(adapters), keepingStates: states, pass)
  return members.enumerated().map { index, member in
    let member = member ?? base
    return member.model.logits(
      encoded.sequences(2 * index..<2 * index + 2, pass), adapters: member.adapters, pass
    ).array
  }
}

/// The same by a pass for each member.
private func alone(_ members: [Member?], _ base: Member) -> [[Float]] {
  members.enumerated().map { index, member in
    let batch = Batch([sequences[index % sequences.count], sequences[(index + 1) % sequences.count]])
    let member = member ?? base
    return member.model(batch, adapters: member.adapters, Pass(Workspace())).array
  }
}

@Suite struct MixedPassTests {
  static let families = ["tiny-bert", "tiny-distilbert", "families/roberta-token", "families/modernbert-token"]

  /// Adapters of all methods, with all tasks in turn; not those that the family does not have.
  private func load(
    _ family: String, _ precision: InferencePrecision = .fp32
  ) throws -> (base: ServedBase, members: [(name: String, member: Member)], saved: SavedAdapters) {
    let saved = try SavedAdapters(of: family), base = try ServedBase(folder: saved.base, precision: precision)
    var members: [(String, Member)] = []
    for (index, (name, method)) in everyMethod().enumerated() {
      let task = tasks[(index + 1) % tasks.count]
      guard let folder = try? saved.save(name, method, task, seed: UInt64(index)) else { continue }
      members.append((name, try base.load(name: name, folder: folder)))
    }
    var layers = HeadLayers()
    (layers.mixesStates, layers.lstm, layers.decoder) = (true, .init(hiddenSize: 6), .crf)
    let chain = try TokenClassification(
      labels: ["O", "B-A", "I-A", "B-B", "I-B"], splitWords: .punctuation, headLayers: layers)
    for (name, task, tokens) in [
      ("chain", chain, []), ("tokens", tagging, ["@A$", "@B$"]), ("more tokens", tagging, ["@C$"]),
    ] as [(String, any TaskInference, [String])] {
      let folder = try saved.save(name, LoRAConfig(), task, newTokens: tokens)
      members.append((name, try base.load(name: name, folder: folder)))
    }
    return (base, members, saved)
  }

  @Test(arguments: families, InferencePrecision.allCases)
  func `adapters of all methods and tasks in one pass answer as alone`(
    _ family: String, _ precision: InferencePrecision
  ) throws {
    let (base, members, _) = try load(family, precision), own = try base.own()
    // DistilBERT has no prefix tuning, ModernBERT besides no bottlenecks.
    #expect(members.count == (family == "tiny-distilbert" ? 16 : family.hasSuffix("modernbert-token") ? 15 : 17))
    // The base, every adapter, the base in between, and every adapter once more in another order.
    let order: [Member?] = [nil] + members.map(\.member) + [nil, nil] + members.reversed().map(\.member) + [nil]
    let names = ["base"] + members.map(\.name) + ["base", "base"] + members.reversed().map(\.name) + ["base"]
    let expected = alone(order, own), found = mixed(order, own, Pass(Workspace()))
    #expect(mixed(order, own, Pass(Workspace.team(of: 2)[0])) == found)
    let bare = mixed(order.map { _ in nil }, own, Pass(Workspace()))
    // OpenBLAS's rounding depends on the number of rows. In bf16 a number between two may be rounded the other way.
    let tolerance = precision != .fp32 ? 0.02 : GEMMBackend.selected > .blas ? 1e-5 : 5e-5
    for (index, member) in order.enumerated() {
      if member == nil { #expect(found[index] == bare[index]) }
      #expect(
        relativeError(found[index], expected[index]) < tolerance, "\(names[index])")
      #expect(member == nil || relativeError(found[index], bare[index]) > 0.01)
    }
  }

  @Test(arguments: ["tiny-bert", "tiny-distilbert"])
  func `heads over one set of adapters, or over the base, read the same states`(_ family: String) throws {
    let saved = try SavedAdapters(of: family), base = try ServedBase(folder: saved.base)
    /// The LoRA of the adapter `lora` with the head of another.
    func join(_ name: String, _ lora: String, headOf other: String, _ task: any TaskInference) throws {
      let folder = "\(saved.folder.path)/\(name)"
      try FileManager.default.copyItem(atPath: other, toPath: folder)
      let (own, others) = (
        try Checkpoint(file: lora + "/adapter_model.safetensors"),
        try Checkpoint(file: other + "/adapter_model.safetensors")
      )
      let tensors =
        try own.names.filter { $0.contains("lora_") }.map { ($0, try own.info($0).shape, try own.array($0)) }
        + others.names.filter { !$0.contains("lora_") }.map { ($0, try others.info($0).shape, try others.array($0)) }
      let memory = tensors.map { tensor in
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.2.count)
        _ = copy.initialize(from: tensor.2)
        return copy
      }
      defer { memory.forEach { $0.deallocate() } }
      let file = folder + "/adapter_model.safetensors"
      try FileManager.default.removeItem(atPath: file)
      try writeSafetensors(to: file, tensors: zip(tensors, memory).map { ($0.0, $0.1, UnsafeBufferPointer($1)) })
    }
    let lora = try saved.save("lora", LoRAConfig(), tasks[0], seed: 1)
    try join("same", lora, headOf: saved.save("other", LoRAConfig(), tasks[1], seed: 2), tasks[1])
    try saved.save("head", LinearProbe(), tasks[1], seed: 3)
    try saved.save("head2", LinearProbe(), tasks[0], seed: 4)
    try saved.save("bitfit", BitFit(), tasks[0], seed: 5)
    try saved.save("score", LinearProbe(), tasks[2], seed: 6)
    var layers = HeadLayers()
    (layers.mixesStates, layers.lstm, layers.decoder) = (true, .init(hiddenSize: 6), .crf)
    let chain = try TokenClassification(labels: ["O", "B-A"], splitWords: .punctuation, headLayers: layers)
    try saved.save("chain", LinearProbe(), chain, seed: 7)
    let names = ["lora", "same", "other", "head", "head2", "bitfit", "score", "chain"]
    let members = try names.map { try base.load(name: $0, folder: "\(saved.folder.path)/\($0)") } + [base.own()]
    #expect(members[0].encoderKey == members[1].encoderKey && members[0].encoderKey != members[2].encoderKey)
    #expect([3, 4, 6, 7, 8].allSatisfy { members[$0].encoderKey == baseEncoderKey })
    #expect(members[5].encoderKey.map { ![baseEncoderKey, members[0].encoderKey].contains($0) } == true)
    let records = ["a b c", "d e f g aspirin liver", "cell gene dose", "b"].map { Record(id: $0, texts: [$0]) }
    let parts = try members.map {
      MixedInference.Part(
        model: $0.model, set: $0.adapter?.set, records: records, task: try $0.recordTask, tokenizer: $0.tokenizer,
        encoderKey: $0.encoderKey)
    }
    #expect(MixedInference(parts, encoder: members[0].model).sharing == [[0, 1], [2], [3, 4, 6, 7, 8], [5]])
    let parallel: ParallelFor = { for index in 0..<$0 { $1(index, Workspace()) } }
    let requests = records.flatMap { record in members.map { (record: record, member: $0) } }
    // The last texts are those of some members only, whose states are then their own.
    for requests in [requests, requests + [(Record(id: "x", texts: ["f g"]), members[1])]] {
      let found = try base.predict(requests, keepsLogits: true, parallel)
      for (request, found) in zip(requests, found) {
        let alone = try base.predict([request], keepsLogits: true, parallel)[0]
        for (found, alone) in zip(found.sequences, alone.sequences) {
          #expect(relativeError(found.logits.values, alone.logits.values) < 5e-5, "\(request.member.name)")
        }
      }
    }
  }

  @Test(arguments: InferencePrecision.allCases)
  func `adapters that change weights get passes of their own beside the others`(
    _ precision: InferencePrecision
  ) throws {
    let base = try ServedBase(folder: fixture("tiny-bert"), precision: precision)
    let members = try ["weights/loha", "lora-start", "weights/boft", "weights/fourierft", "ia3-start"].map {
      try base.load(name: $0, folder: fixture("adapters/\($0)"))
    }
    #expect(members.map { $0.adapter?.set.canBeMixed } == [false, true, false, false, true])
    let records = ["a b c", "d e f g aspirin liver", "cell gene dose", "b"].map { Record(id: $0, texts: [$0]) }
    let requests = records.flatMap { record in members.map { (record: record, member: $0) } }
    try expectAsAlone(requests, of: base, error: precision == .fp32 ? 5e-5 : 0.02)
  }

  @Test(arguments: families)
  func `requests for members of one base are answered in their order`(_ family: String) throws {
    let (base, members, saved) = try load(family), own = try base.own()
    var saving = LoRAConfig()
    let matrix = ["tiny-distilbert": "ffn.lin1", "families/modernbert-token": "mlp.Wi"][family] ?? "intermediate.dense"
    saving.modules.modulesToSave = [matrix]
    let matrices = try base.load(name: "matrices", folder: saved.save("matrices", saving))
    #expect(
      matrices.adapter?.set.canBeMixed == false && members.allSatisfy { $0.member.adapter?.set.canBeMixed == true })
    let all = members.map(\.member) + [own, matrices]
    let text = try readText(fixture("tiny-bert/vocab.txt")).split(separator: "\n").suffix(40).joined(separator: " ")
    let requests = (0..<60).map { index -> (record: Record, member: Member) in
      let member = all[(index * 7) % all.count], words = text.split(separator: " ")
      let parts = [words.prefix(1 + index % 9), words.dropFirst(index % 20).prefix(2 + index % 13)].map {
        $0.joined(separator: " ")
      }
      let asks = member.answersQuestions
      return (Record(id: "\(index)", texts: asks ? parts : [parts[0]]), member)
    }
    try expectAsAlone(requests, of: base, error: 5e-5)
  }
}

/// Expects that each request has the same answer among the others as by itself.
private func expectAsAlone(
  _ requests: [(record: Record, member: Member)], of base: ServedBase, error: Double
) throws {
  let parallel: ParallelFor = { for index in 0..<$0 { $1(index, Workspace()) } }
  let found = try base.predict(requests, keepsLogits: true, parallel)
  for (request, found) in zip(requests, found) {
    let alone = try base.predict([request], keepsLogits: true, parallel)[0]
    #expect(found.sequences.map(\.ids) == alone.sequences.map(\.ids))
    for (found, alone) in zip(found.sequences, alone.sequences) {
      #expect(relativeError(found.logits.values, alone.logits.values) < error, "\(request.member.name)")
    }
  }
}
