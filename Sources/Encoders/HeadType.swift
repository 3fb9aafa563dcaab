/// The types of heads that a model can have, with the names that transformers and PEFT have for them.

package enum HeadType: Sendable {
  /// Logits for every token: BertForTokenClassification.
  case tokenClassification
  /// Logits for every sequence, from its [CLS] token through the pooler: BertForSequenceClassification.
  case sequenceClassification
  /// Two logits for every token, as the first and as the last one of an answer: BertForQuestionAnswering.
  case questionAnswering
  /// Logits over the vocabulary; the decoder's weight is tied to the word embeddings: BertForMaskedLM.
  case maskedLM
  /// One vector for every sequence, pooled from the hidden states without any weight: BertModel.
  case embedding
}

extension HeadType {
  /// Whether there is one row of logits per sequence, not per token. Those of an embedding model are the vectors.
  package var isBySequence: Bool { self == .sequenceClassification || self == .embedding }

  /// Whether the last layer's weight is that of the word embeddings, and its outputs are the vocabulary.
  package var isTied: Bool { self == .maskedLM }

  /// Whether there is a last linear layer of the head's own, with one output per label.
  package var hasClassifier: Bool { !isTied && self != .embedding }

  /// The end of transformers' class names: `BertForTokenClassification`.
  var classSuffix: String {
    switch self {
    case .tokenClassification: "ForTokenClassification"
    case .sequenceClassification: "ForSequenceClassification"
    case .questionAnswering: "ForQuestionAnswering"
    case .maskedLM: "ForMaskedLM"
    case .embedding: "Model"
    }
  }

  /// PEFT's `task_type`; nil: PEFT has none.
  package var peftTaskType: String? {
    switch self {
    case .tokenClassification: "TOKEN_CLS"
    case .sequenceClassification: "SEQ_CLS"
    case .questionAnswering: "QUESTION_ANS"
    case .maskedLM: nil
    case .embedding: "FEATURE_EXTRACTION"
    }
  }
}
