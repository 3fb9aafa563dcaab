/// "method": {"type": "prompt", …} and "prefix"; names and meanings are PEFT's `PromptTuningConfig`, `PrefixTuningConfig`.
import Adapters

extension PromptConfig: MethodSection {
  /// What starts as large as words are far from what it is to be.
  var defaultLearningRate: Double { 3e-2 }

  mutating func declare(_ fields: Fields) {
    fields.field("num_virtual_tokens", &numVirtualTokens, .int(1..., most: 65536), virtualTokensAbout)
    fields.field("prompt_tuning_init", &initialization, .choice, "What the tokens are at first.")
    fields.optional("prompt_tuning_init_text", &text, .text, "The text whose pieces they are at first.")
    fields.check(
      initialization != .text || text != nil, "prompt_tuning_init", expected: "prompt_tuning_init_text beside it")
    fields.check(
      initialization == .text || text == nil, "prompt_tuning_init_text", expected: "prompt_tuning_init \"text\"")
  }
}

extension PrefixConfig: MethodSection {
  var defaultLearningRate: Double { 1e-2 }

  mutating func declare(_ fields: Fields) {
    fields.field("num_virtual_tokens", &numVirtualTokens, .int(1..., most: 65536), virtualTokensAbout)
    fields.field(
      "prefix_projection", &prefixProjection, .bool, "Whether a small network makes the prefix while it learns.")
    fields.optional(
      "encoder_hidden_size", &encoderHiddenSize, .int(1..., most: 65536), "How wide that network is; the model's width."
    )
    fields.check(
      prefixProjection || encoderHiddenSize == nil, "encoder_hidden_size", expected: "prefix_projection true beside it")
  }
}

private let virtualTokensAbout = "How many positions before each sequence learn."
