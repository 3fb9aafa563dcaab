/// BERT (Devlin et al. 2019) and the families with its encoder: DistilBERT, RoBERTa.
import Autograd

extension WeightNames {
  /// BERT's names, which other families have under their own prefix.
  static func bert(_ prefix: String, heads: [String]) -> WeightNames {
    WeightNames(
      baseModelPrefix: prefix, blocks: "\(prefix).encoder.layer",
      queryKeyValue: ["attention.self.query", "attention.self.key", "attention.self.value"],
      attentionOutput: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
      intermediate: "intermediate.dense", output: "output.dense", outputNorm: "output.LayerNorm",
      ignoredPrefixes: heads + ["\(prefix).pooler.", "pooler.", "classifier.", "qa_outputs."])
  }
}

extension ConfigKeys {
  static let bert = ConfigKeys(
    layers: "num_hidden_layers", dropout: "hidden_dropout_prob", attentionDropout: "attention_probs_dropout_prob",
    hiddenSize: "hidden_size", heads: "num_attention_heads", intermediateSize: "intermediate_size",
    activation: "hidden_act", tokenDropout: "classifier_dropout", sequenceDropout: "classifier_dropout",
    typeVocabSize: "type_vocab_size", layerNormEps: "layer_norm_eps")
}

extension AdapterDefaults {
  static let bert = AdapterDefaults(
    targets: ["query", "value"], ia3: (["key", "value", "output.dense"], ["output.dense"]),
    bottleneck: (".attention.output.adapters.", ".output.adapters."), supportsPrefix: true)

  static let roberta: AdapterDefaults = {
    var defaults = bert
    defaults.adaLoRATargets = ["query", "key", "value", "dense"]
    return defaults
  }()
}

extension Architecture {
  static let bert = Architecture(
    classPrefix: "Bert", names: .bert("bert", heads: ["cls."]), keys: .bert,
    heads: HeadLayouts(
      token: HeadLayout(output: "classifier"),
      sequence: HeadLayout(transform: .init(dense: "bert.pooler.dense", activation: .tanh), output: "classifier"),
      maskedLM: HeadLayout(
        transform: .init(
          dense: "cls.predictions.transform.dense", activation: nil, norm: "cls.predictions.transform.LayerNorm"),
        output: "cls.predictions")),
    adapters: .bert)

  /// Without token types, pooler, and dropout after attention's output projection (Sanh et al. 2019).
  static let distilbert = Architecture(
    classPrefix: "DistilBert",
    names: WeightNames(
      baseModelPrefix: "distilbert", blocks: "distilbert.transformer.layer",
      queryKeyValue: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
      attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm",
      intermediate: "ffn.lin1", output: "ffn.lin2", outputNorm: "output_layer_norm",
      ignoredPrefixes: [
        "vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "pre_classifier.", "classifier.", "qa_outputs.",
      ]),
    keys: ConfigKeys(
      layers: "n_layers", dropout: "dropout", attentionDropout: "attention_dropout", hiddenSize: "dim",
      heads: "n_heads", intermediateSize: "hidden_dim", activation: "activation", tokenDropout: nil,
      sequenceDropout: "seq_classif_dropout", questionDropout: "qa_dropout", typeVocabSize: nil, layerNormEps: nil,
      defaults: .init(layers: 6, sequenceDropout: 0.2, questionDropout: 0.1)),
    heads: HeadLayouts(
      token: HeadLayout(output: "classifier"),
      sequence: HeadLayout(transform: .init(dense: "pre_classifier", activation: .relu), output: "classifier"),
      maskedLM: HeadLayout(
        transform: .init(dense: "vocab_transform", activation: nil, norm: "vocab_layer_norm"),
        output: "vocab_projector")),
    adapters: AdapterDefaults(
      targets: ["q_lin", "v_lin"], ia3: (["k_lin", "v_lin", "lin2"], ["lin2"]),
      bottleneck: (".attention_adapters.adapters.", ".output_adapters.adapters."), supportsPrefix: false),
    hasAttentionOutputDropout: false, weightSources: [.bert])

  /// Positions from the padding token's id + 1, one token type, heads of its own (Liu et al. 2019).
  static let roberta = Architecture(
    classPrefix: "Roberta", names: .bert("roberta", heads: ["lm_head."]), keys: .bert.with(.init(padTokenID: 1)),
    heads: HeadLayouts(
      token: HeadLayout(output: "classifier"),
      sequence: HeadLayout(
        transform: .init(dense: "classifier.dense", activation: .tanh, hasDropoutBefore: true),
        output: "classifier.out_proj"),
      maskedLM: HeadLayout(
        transform: .init(dense: "lm_head.dense", activation: .gelu, norm: "lm_head.layer_norm"), output: "lm_head")),
    adapters: .roberta, positions: .afterPadding, usesTokenTypes: false)
}
