/// The types of heads that a model can have.

public enum HeadType: Sendable {
  /// Logits for every token: BertForTokenClassification.
  case tokenClassification
  /// Logits for every sequence, from its [CLS] token through the pooler: BertForSequenceClassification.
  case sequenceClassification
  /// Logits over the vocabulary; the decoder's weight is tied to the word embeddings: BertForMaskedLM.
  case maskedLM
}
