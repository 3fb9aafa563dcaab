/// "method": {"type": "prompt", …} and "prefix". Keys are those of PEFT's `PromptTuningConfig`, `PrefixTuningConfig`.
import Adapters

extension PromptConfig: MethodSection {
  /// Large, because the initial embeddings are far from useful ones.
  var defaultLearningRate: Double { 3e-2 }

  mutating func declare(_ fields: Fields) {
    fields.field("num_virtual_tokens", &numVirtualTokens, .int(1..., maximum: 65536), numVirtualTokensAbout)
    fields.field(
      "prompt_tuning_init", &initialization, .choice,
      "Initial embeddings: random numbers, the tokens of a text, or random tokens of the vocabulary.")
    fields.optional("prompt_tuning_init_text", &text, .string, "The text for \"text\"; its tokens are repeated or cut.")
    fields.check(
      initialization != .text || text != nil, "prompt_tuning_init",
      expected: "'prompt_tuning_init_text' to be set as well")
    fields.check(
      initialization == .text || text == nil, "prompt_tuning_init_text", expected: "'prompt_tuning_init' to be \"text\""
    )
  }
}

extension PrefixConfig: MethodSection {
  var defaultLearningRate: Double { 1e-2 }

  mutating func declare(_ fields: Fields) {
    fields.field("num_virtual_tokens", &numVirtualTokens, .int(1..., maximum: 65536), numVirtualTokensAbout)
    fields.field(
      "prefix_projection", &prefixProjection, .bool, "Compute the prefix by a small network during training.")
    fields.optional(
      "encoder_hidden_size", &encoderHiddenSize, .int(1..., maximum: 65536),
      "Hidden size of that network. Default: the model's."
    )
    fields.check(
      prefixProjection || encoderHiddenSize == nil, "encoder_hidden_size", expected: "'prefix_projection' to be true")
  }
}

private let numVirtualTokensAbout = "Number of virtual tokens before every sequence."
