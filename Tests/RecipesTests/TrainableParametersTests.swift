/// The number of parameters that each method trains on BERT-base (Tests/Fixtures/bert-base: config.json only), as
/// counted by PEFT and `adapters`: `model.get_nb_trainable_parameters()` of BertForTokenClassification, 3 labels.
import Autograd
import Encoders
import Files
import Kernels
import TestSupport
import Testing

@testable import Adapters
@testable import Recipes

/// Three labels: 3 · 768 + 3.
private let head = 2307

/// The number of parameters that a method trains.
private func count(_ method: JSON) throws -> Int {
  try trainableParameters(method).parameters.reduce(0) { $0 + $1.count }
}

@Test(
  arguments: [
    (["type": "full"], 108_891_648),
    (["type": "full", "train_last_layers": 2], 14_175_744),
    (["type": "lora"], 294_912),
    (["type": "lora", "rank": 16], 589_824),
    (["type": "lora", "target_modules": ["query", "key", "value", "dense"]], 1_327_104),
    (["type": "lora", "use_dora": true], 313_344), (["type": "adalora"], 442_656),
    (["type": "vera"], 24_576), (["type": "ia3"], 64_512),
    (["type": "layer_norm"], 38_400), (["type": "bitfit"], 102_144),
    (["type": "bitfit", "biases": ["query", "intermediate.dense"]], 46_080), (["type": "head"], 0),
    (["type": "trainable_tokens"], 1536),
    (["type": "houlsby"], 1_789_056), (["type": "pfeiffer"], 894_528),
    (["type": "prompt"], 15_360), (["type": "prefix"], 368_640),
    (["type": "prefix", "prefix_projection": true], 14_780_160),
  ] as [(JSON, Int)])
func `a method trains as many parameters of BERT-base as its library`(_ method: JSON, _ expected: Int) throws {
  #expect(try count(method) == expected + head)
}
