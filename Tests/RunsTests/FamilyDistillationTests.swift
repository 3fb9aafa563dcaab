/// Distillation between families that share a vocabulary, and from or into local attention.
import Files
import TestSupport
import Testing

@testable import Runs

@Suite struct FamilyDistillationTests {
  private let setup: DistillationSetup

  init() throws { setup = try DistillationSetup() }

  /// A random student of another family with the BERT teacher's vocabulary, two layers and its sizes.
  private func student(_ family: String, _ settings: [String: JSON] = [:]) -> JSON {
    let sizes: [String: JSON] = [
      "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32,
      "max_position_embeddings": 26, "vocab_size": 120,
    ]
    return setup.distilled.with("data.max_length", 24).with(
      "model",
      [
        "init": "random", "family": .string(family), "tokenizer": distillationModel("teacher"),
        "config": .object(sizes.merging(settings) { _, new in new }),
      ]
    ).with("distillation.attention_weight", 1).with("distillation.hidden_weight", 1)
      .with("distillation.relation_weight", 1).with("distillation.cosine_weight", 1)
  }

  @Test(arguments: ["roberta", "electra", "distilbert"])
  func `a student of another family learns from a teacher with its vocabulary`(_ family: String) throws {
    var json = student(family)
    if family == "distilbert" {
      json = json.with("model.config", ["dim": 24, "n_layers": 2, "n_heads": 4, "hidden_dim": 32, "vocab_size": 120])
    }
    #expect(try Set(setup.train(json).keys) == ["kl", "task", "cosine", "hidden", "attention", "relation"])
  }

  @Test func `attention is compared where all tokens attend to each other, else refused by name`() throws {
    let full: JSON = ["full_attention", "full_attention"], local: JSON = ["full_attention", "sliding_attention"]
    let losses = try setup.train(student("modernbert", ["layer_types": full]))
    #expect(losses.count == 6)
    // A window that holds whole sequences is no restriction.
    _ = try setup.build(student("modernbert", ["layer_types": local, "local_attention": 46]))
    let narrow = student("modernbert", ["layer_types": local, "local_attention": 8])
    for (on, off) in [("attention_weight", "relation_weight"), ("relation_weight", "attention_weight")] {
      let message = setup.fault(narrow.with("distillation.\(off)", 0))
      #expect(
        message.contains(
          "distillation.\(on): layer 2 of the student has local attention, up to a distance of 4 tokens"),
        "\(message)")
    }
    let first = narrow.with("distillation.relation_weight", 0).with("distillation.match_layers", [[1, 4]])
    #expect(setup.fault(first) == "")
  }
}
