/// Which weights the method "full" trains.
import Autograd
import Encoders
import TestSupport
import Testing

@testable import Adapters
@testable import Recipes

private func names(_ change: (inout FullFineTuning) -> Void) throws -> [String] {
  var method = FullFineTuning()
  change(&method)
  return try method.trainableParameters(in: tinyModel()).map(\.name)
}

@Test func `by default nothing is frozen`() throws {
  #expect(try names { _ in } == tinyModel().parameters.map(\.name))
}

@Test func `the last layers and the head are trained`() throws {
  let last = try names { $0.trainLast = 1 }
  #expect(last.allSatisfy { $0.contains("layer.1.") || $0.hasPrefix("classifier") } && last.count == 16 + 2)
  #expect(try names { $0.freezeFirst = 1 } == last)
  #expect(try names { $0.trainLast = 2 } == tinyModel().parameters.map(\.name).filter { !$0.contains(".embeddings.") })
}

@Test func `weights are frozen by names and by regular expressions`() throws {
  let some = try names { $0.freeze = .suffixes(["embeddings", "attention.self", "layer.0"]) }
  #expect(!some.contains { $0.contains("embeddings") || $0.contains("query") || $0.contains("layer.0.") })
  #expect(some.contains { $0.hasSuffix("layer.1.attention.output.dense.weight") })
  let biases = try names { $0.freeze = .pattern(".*\\.weight") }
  #expect(biases.allSatisfy { $0.hasSuffix(".bias") } && biases.count == 2 * 8 + 2)
}

@Test func `names and layers that cannot be frozen are reported`() throws {
  let nothing = #expect(throws: TargetFault.self) { try names { $0.freeze = .suffixes(["embedings"]) } }
  #expect("\(nothing!)".contains("\"embedings\"") && "\(nothing!)".contains("embeddings"))
  let deep = #expect(throws: FreezingFault.self) { try names { $0.trainLast = 3 } }
  #expect("\(deep!)".contains("train_last_layers") && "\(deep!)".contains("2 layers"))
  #expect(throws: FreezingFault.self) { try names { $0.freeze = .pattern(".*") } }
}

@Test func `layer-wise decay lowers the learning rate from layer to layer`() throws {
  var method = FullFineTuning()
  method.layerDecay = 0.5
  let model = try tinyModel()
  let factors = [
    "classifier.weight", "layer.1.output.dense.bias", "layer.0.output.dense.bias", "embeddings.LayerNorm.bias",
  ]
  .map { method.learningRateFactor("bert.encoder." + $0, in: model) }
  #expect(factors == [1, 0.5, 0.25, 0.125])
}
