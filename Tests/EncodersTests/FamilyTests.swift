/// Every family and head against transformers: hidden states, logits, loss and all gradients.
import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

@testable import Encoders

@Suite struct FamilyTests {
  private static let heads: [(name: String, type: HeadType, classes: Int)] = [
    ("token", .tokenClassification, 5), ("sequence", .sequenceClassification, 3), ("masked", .maskedLM, 60),
  ]

  @Test(arguments: ["roberta", "electra", "modernbert"], heads)
  func `hidden states, logits, loss and gradients are those of transformers`(
    _ family: String, _ head: (name: String, type: HeadType, classes: Int)
  ) throws {
    try Processor.initialize()
    let folder = fixture("families/\(family)-\(head.name)")
    let model = try TextModel(folder: folder, headType: head.type, classes: head.classes, reuseHead: true)
    #expect(model.newlyInitialized.isEmpty && model.config.family.rawValue == family)
    let json = try JSON(path: folder + "/golden.json"), golden = try Checkpoint(file: folder + "/golden.safetensors")
    let sequences = (json["ids"]?.array ?? []).map(integers), batch = Batch(sequences)
    let padded = Batch(sequences + [json["padded"].map(integers) ?? []])
    let states = model.encode(padded, Pass(Workspace())).hiddenStates
    #expect(relativeError(states.array, try golden.array("hidden_states")) < 1e-5)

    let targets = json["targets"].map(integers) ?? []
    try expectGolden(model, batch, targets, golden) { $0.array }
  }

  // The numbers of make_long.py.
  @Test func `ModernBERT at 4,096 tokens computes as transformers`() throws {
    try Processor.initialize()
    let folder = fixture("families/modernbert-token"), tokens = 4096
    let json = try JSON(path: folder + "/config.json").object ?? [:]
    let config = try ModelConfig(
      json: .object(json.merging(["max_position_embeddings": 8192, "local_attention": 128]) { $1 }), file: folder)
    let model = try TextModel(
      config, Checkpoint(folder: folder), headType: .tokenClassification, classes: 5, reuseHead: true, seed: 0)
    func numbers(below limit: Int, _ seed: Int) -> [Int32] {
      (0..<tokens).map { Int32(UInt32(truncatingIfNeeded: $0 * 2_654_435_761 + seed) >> 16) % Int32(limit) }
    }
    let batch = Batch([numbers(below: 55, 0).map { $0 + 5 }])
    let golden = try Checkpoint(file: fixture("families/modernbert-long.safetensors"))
    func everyRow64(_ x: Tensor) -> [Float] {
      let numbers = x.array
      return stride(from: 0, to: x.rows, by: 64).flatMap { numbers[$0 * x.columns..<($0 + 1) * x.columns] }
    }
    let states = model.encode(batch, Pass(Workspace())).hiddenStates
    #expect(relativeError(everyRow64(states), try golden.array("hidden_states")) < 1e-5)
    try expectGolden(model, batch, numbers(below: 5, 12345), golden, everyRow64)
  }

  /// Compares logits, of which `rows` selects some, loss and gradients.
  private func expectGolden(
    _ model: TextModel, _ batch: Batch, _ targets: [Int32], _ golden: Checkpoint, _ rows: (Tensor) -> [Float]
  ) throws {
    let table = ParameterTable(training: model.parameters), gradients = Gradients(table)
    let pass = Pass(Workspace(), gradients: gradients), logits = model(batch, pass)
    #expect(relativeError(rows(logits), try golden.array("logits")) < 1e-5)
    let loss = crossEntropy(logits, targets: targets, norm: Float(targets.count { $0 >= 0 }), pass)
    pass.backward()
    gradients.finish()
    #expect(abs(loss - Double(try golden.array("loss")[0])) < 1e-5)
    for parameter in table.parameters {
      let found = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
      let name = "gradient." + parameter.name
      if parameter.name.hasSuffix("key.bias") {
        // 0 in exact arithmetic: it adds the same number to all scores of a query.
        #expect(found.allSatisfy { abs($0) < 1e-6 }, "\(name)")
      } else {
        #expect(relativeError(found, try golden.array(name)) < 1e-5, "\(name)")
      }
    }
  }

  @Test(
    arguments: [
      (["num_attention_heads": 32], "rotary positions need an even number"),
      (["hidden_size": 8, "num_attention_heads": 16], "rotary positions need an even number"),
      (["rope_parameters": ["full_attention": ["rope_theta": 0]]], "rope_parameters.full_attention.rope_theta"),
    ] as [([String: JSON], String)])
  func `rotary settings that cannot be computed are faults`(_ settings: [String: JSON], _ part: String) throws {
    let json = try JSON(path: fixture("families/modernbert-token/config.json")).object ?? [:]
    let fault = #expect(throws: ConfigFault.self) {
      try ModelConfig(json: .object(json.merging(settings) { _, new in new }), file: "c")
    }
    #expect(fault?.description.contains(part) == true)
  }

  @Test func `a name's layer is read in every family`() {
    #expect(
      layerIndex(of: "model.layers.3.attn.Wqkv") == 3 && layerIndex(of: "bert.encoder.layer.12.output.dense") == 12)
    #expect(
      layerIndex(of: "model.embeddings.norm") == nil && layerIndex(of: "distillation.0.projection.1.2.weight") == nil)
    #expect(depth(of: "model.embeddings.tok_embeddings.weight", layers: 4) == -1)
    #expect(depth(of: "electra.embeddings_project.weight", layers: 4) == -1)
    #expect(depth(of: "model.final_norm.weight", layers: 4) == 4 && depth(of: "head.dense.weight", layers: 4) == 4)
  }

  private func integers(_ json: JSON) -> [Int32] { (json.array ?? []).compactMap { $0.int.map(Int32.init) } }
}
