/// Every family and head against transformers: hidden states, logits, loss and all gradients.
import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

@testable import Models

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

    let table = ParameterTable(training: model.parameters), gradients = Gradients(table)
    let pass = Pass(Workspace(), gradients: gradients), logits = model(batch, pass)
    #expect(relativeError(logits.array, try golden.array("logits")) < 1e-5)
    let targets = json["targets"].map(integers) ?? []
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

  private func integers(_ json: JSON) -> [Int32] { (json.array ?? []).compactMap { $0.int.map(Int32.init) } }
}
