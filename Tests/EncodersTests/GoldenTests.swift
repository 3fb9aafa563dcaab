/// Logits, losses and gradients of the tiny models against transformers' and torch's.
import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

@testable import Encoders

/// The batch in a fixture's JSON: sequences, with token type ids if it has them.
private func batch(_ json: JSON) -> Batch {
  var batch = Batch()
  let tokenTypeIDs = json["types"]?.array
  for (index, sequence) in (json["ids"]?.array ?? []).enumerated() {
    batch.append(integers(sequence), tokenTypeIDs: tokenTypeIDs.map { integers($0[index]) })
  }
  return batch
}

private func integers(_ json: JSON) -> [Int32] { (json.array ?? []).compactMap { $0.int.map(Int32.init) } }

/// Compares logits, loss and every gradient of a fixture's model with PyTorch's.
private func check(
  _ folder: String, golden: String, headType: HeadType, classes: Int, targets: (JSON) -> [Int32]
) throws {
  try Processor.initialize()
  let model = try TextModel(folder: fixture(folder), headType: headType, classes: classes, reuseHead: true)
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
      // 0 in exact arithmetic: the keys' bias adds the same number to all scores of a query, which softmax ignores.
      #expect(found.allSatisfy { abs($0) < 1e-6 }, "\(parameter.name)")
    } else {
      #expect(relativeError(found, expected) < 1e-5, "\(parameter.name)")
    }
  }
}

@Test(arguments: ["tiny-bert", "tiny-distilbert"])
func `token classification matches transformers' logits, loss and gradients`(_ folder: String) throws {
  try check(folder, golden: "golden-token", headType: .tokenClassification, classes: 5) { json in
    (json["labels"]?.array ?? []).flatMap(integers)
  }
}

@Test(arguments: ["tiny-bert-sequence", "tiny-distilbert-sequence"])
func `sequence classification matches transformers' logits, loss and gradients`(_ folder: String) throws {
  try check(folder, golden: "golden-sequence", headType: .sequenceClassification, classes: 3) { json in
    json["classes"].map(integers) ?? []
  }
}

@Test(arguments: ["tiny-bert-bare", "tiny-bert-legacy"])
func `a checkpoint without the prefix, or with legacy names, gives transformers' hidden states`(_ folder: String) throws
{
  try Processor.initialize()
  let model = try TextModel(folder: fixture(folder), headType: .sequenceClassification, classes: 2, reuseHead: true)
  #expect(model.newlyInitialized == ["classifier.weight", "classifier.bias"])
  let reference = try Checkpoint(file: fixture("\(folder)/golden.safetensors"))
  let states = model.encode(batch(try JSON(path: fixture("\(folder)/golden.json"))), Pass(Workspace())).hiddenStates
  #expect(relativeError(states.array, try reference.array("last_hidden_state")) < 1e-5)
}

@Test func `weighted and smoothed cross-entropy matches torch`() throws {
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

@Test func `each sequence of a packed batch has the same logits as alone`() throws {
  try Processor.initialize()
  let model = try TextModel(folder: fixture("tiny-bert"), headType: .tokenClassification, classes: 5, reuseHead: true)
  let all = batch(try JSON(path: fixture("tiny-bert/golden-token.json")))
  let packed = model(all, Pass(Workspace())).array
  for (start, end) in zip(all.sequenceOffsets, all.sequenceOffsets.dropFirst()) {
    var one = Batch()
    one.append(Array(all.ids[start..<end]), tokenTypeIDs: Array(all.tokenTypeIDs[start..<end]))
    #expect(relativeError(model(one, Pass(Workspace())).array, packed[start * 5..<end * 5]) < 1e-6)
  }
}
