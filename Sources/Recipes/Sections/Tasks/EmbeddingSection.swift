/// "task": {"type": "embedding", …}.
import Datasets
import Encoders
import Files
import Tasks

extension EmbeddingSettings: TaskSection {
  var content: RecordContent { .labeledTexts }
  var usesWindows: Bool { false }
  var comparesExamples: Bool { loss.kind != .cosineSimilarity }

  mutating func declare(_ fields: Fields) {
    fields.field(
      "loss", &loss.kind, .choice,
      "The loss: of texts alone (simcse), of pairs or of texts with hard negatives, or of pairs with a score.")
    fields.field(
      "scale", &loss.scale, .number(0.01...300), "What cosine similarities are multiplied by: 1/temperature.")
    fields.check(
      loss.kind != .cosineSimilarity || loss.scale == 20, "scale", expected: "no value with loss \"cosine_similarity\"")
    fields.optional(
      "pooling", &pooling, .choice, "A text's vector: the mean of its tokens' hidden states, or the first token's.")
    fields.optional("normalize", &normalizes, .bool, "Whether vectors are scaled to length 1.")
    fields.optional(
      "mini_batch_size", &miniBatchSize, .int(1...),
      "Texts per mini-batch of a cached batch, which takes the memory of a mini-batch; else batches are not cached.")
  }
}
