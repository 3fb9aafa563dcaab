/// ELECTRA (Clark et al. 2020): embeddings of another size than the hidden states, and heads of its own. As an encoder: the
/// discriminator's own head is not used.
import Autograd

extension Architecture {
  static let electra = Architecture(
    classPrefix: "Electra",
    names: .bert("electra", heads: ["discriminator_predictions.", "generator_predictions.", "generator_lm_head."]),
    keys: .bert.with(.init(embeddingSize: 128, hiddenSize: 256, heads: 4, intermediateSize: 1024)),
    heads: HeadLayouts(
      token: HeadLayout(output: "classifier"),
      sequence: HeadLayout(
        transform: .init(dense: "classifier.dense", activation: .gelu, hasDropoutBefore: true),
        output: "classifier.out_proj"),
      maskedLM: HeadLayout(
        transform: .init(
          dense: "generator_predictions.dense", activation: .gelu, norm: "generator_predictions.LayerNorm"),
        output: "generator_lm_head")),
    adapters: .bert)
}
