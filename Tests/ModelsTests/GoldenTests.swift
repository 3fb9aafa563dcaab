import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

@testable import Models

/// The batch of a fixture's JSON: sequences, with their segments where it has some.
private func batch(_ json: JSON) -> Batch {
  var batch = Batch()
  let kinds = json["types"]?.array
  for (index, sequence) in (json["ids"]?.array ?? []).enumerated() {
    batch.append(integers(sequence), tokenTypeIDs: kinds.map { integers($0[index]) })
  }
  return batch
}

private func integers(_ json: JSON) -> [Int32] { (json.array ?? []).compactMap { $0.int.map(Int32.init) } }

/// Loss and every gradient of a fixture's model, held against PyTorch's.
private func check(
  _ folder: String, golden: String, kind: HeadType, classes: Int, targets: (JSON) -> [Int32]
) throws {
  try Processor.initialize()
  let model = try TextModel(folder: fixture(folder), kind: kind, classes: classes, reuseHead: true)
  #expect(model.newlyInitialized.isEmpty)
  let json = try JSON(path: fixture("\(folder)/\(golden).json"))
  let reference = try Checkpoint(file: fixture("\(folder)/\(golden).safetensors"))
  let table = ParameterTable(training: model.parameters)
  let gradients = Gradients(table)
  let pass = Pass(Workspace(), gradients: gradients)
  let logits = model(batch(json), pass)
  #expect(relativeError(logits.array, try reference.array("logits")) < 1e-5)
  let targets = targets(json)
  let norm = Float(targets.filter { $0 >= 0 }.count)
  let loss = crossEntropy(logits, targets: targets, norm: norm, pass)
  pass.backward()
  gradients.finish()
  #expect(abs(loss - Double(try reference.array("loss")[0])) < 1e-5)
  for parameter in table.parameters {
    let found = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
    let expected = try reference.array("gradient." + parameter.name)
    if parameter.name.hasSuffix("key.bias") || parameter.name.hasSuffix("k_lin.bias") {
      // 0 in exact arithmetic: softmax does not see what is added to all scores of a query.
      #expect(found.allSatisfy { abs($0) < 1e-6 }, "\(parameter.name)")
    } else {
      #expect(relativeError(found, expected) < 1e-5, "\(parameter.name)")
    }
  }
}

@Test(arguments: ["tiny-bert", "tiny-distilbert"])
func `token classification agrees with transformers: logits, loss, every gradient`(_ folder: String) throws {
  try check(folder, golden: "golden-token", kind: .tokenClassification, classes: 5) { json in
    (json["labels"]?.array ?? []).flatMap(integers)
  }
}

@Test(arguments: ["tiny-bert-sequence", "tiny-distilbert-sequence"])
func `sequence classification agrees with transformers: logits, loss, every gradient`(_ folder: String) throws {
  try check(folder, golden: "golden-sequence", kind: .sequenceClassification, classes: 3) { json in
    json["classes"].map(integers) ?? []
  }
}

@Test(arguments: ["tiny-bert-bare", "tiny-bert-legacy"])
func `an encoder without the prefix, or with the names of 2018, gives transformers' states`(_ folder: String) throws {
  try Processor.initialize()
  let model = try TextModel(folder: fixture(folder), kind: .sequenceClassification, classes: 2, reuseHead: true)
  #expect(model.newlyInitialized == ["classifier.weight", "classifier.bias"])
  let reference = try Checkpoint(file: fixture("\(folder)/golden.safetensors"))
  let states = model.encoder(batch(try JSON(path: fixture("\(folder)/golden.json"))), Pass(Workspace()))
  #expect(relativeError(states.array, try reference.array("last_hidden_state")) < 1e-5)
}

@Test func `weighted and smoothed cross-entropy agrees with torch`() throws {
  let json = try JSON(path: fixture("tiny-bert/golden-token.json"))
  let reference = try Checkpoint(file: fixture("tiny-bert/golden-token.safetensors"))
  let weights = json["weighted.class_weights"]?.array?.compactMap { $0.number.map(Float.init) } ?? []
  let smoothing = Float(json["weighted.label_smoothing"]?.number ?? 0)
  let targets = (json["labels"]?.array ?? []).flatMap(integers)
  let logits = try reference.array("logits")
  let pass = Pass(Workspace())
  let x = pass.make(targets.count, 5)
  x.pointer.update(from: logits, count: logits.count)
  let norm = targets.reduce(Float(0)) { $0 + ($1 < 0 ? 0 : weights[Int($1)]) }
  let loss = crossEntropy(x, targets: targets, weights: weights, smoothing: smoothing, norm: norm, pass)
  #expect(abs(loss - Double(try reference.array("weighted.loss")[0])) < 1e-5)
  #expect(relativeError(x.array, try reference.array("weighted.dlogits")) < 1e-5)
}

@Test func `a padded batch and a packed batch agree: each sequence alone gives its rows of the batch`() throws {
  try Processor.initialize()
  let model = try TextModel(folder: fixture("tiny-bert"), kind: .tokenClassification, classes: 5, reuseHead: true)
  let all = batch(try JSON(path: fixture("tiny-bert/golden-token.json")))
  let together = model(all, Pass(Workspace())).array
  for (start, end) in zip(all.sequenceOffsets, all.sequenceOffsets.dropFirst()) {
    var one = Batch()
    one.append(Array(all.ids[start..<end]), tokenTypeIDs: Array(all.tokenTypeIDs[start..<end]))
    #expect(relativeError(model(one, Pass(Workspace())).array, together[start * 5..<end * 5]) < 1e-6)
  }
}
