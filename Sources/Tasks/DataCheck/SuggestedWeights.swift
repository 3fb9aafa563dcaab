/// Weights that make up for labels of different frequency.
import Datasets
import Encoders
import Files

/// Classes: n / (k · n_c), scikit-learn's "balanced", for a class with n_c of n examples, or of words, and k classes that
/// occur. Sets of labels: (n − n_c) / n_c, as for `pos_weight` in PyTorch. Labels that have no weight so are left out.
package struct SuggestedWeights: Sendable, Equatable {
  /// The recipe's key: "task.class_weights".
  package let key: String
  package let values: [String: Double]

  /// nil: the task has no such key, or no label occurs.
  init?(_ train: SplitScan, _ inference: any TaskInference) {
    switch inference {
    case let tagger as TokenClassification:
      if tagger.headLayers.decoder == .crf { return nil }
      var counts: [String: Int] = [:]
      for (tag, count) in train.tags {
        for id in tagger.entityLabels.ids(ofIOB2: [tag]) where id >= 0 {
          counts[tagger.labels[Int(id)], default: 0] += count
        }
      }
      self.init(balancing: counts)
    case is MultiLabelClassification: self.init(positives: train.labels, of: train.count)
    case is SequenceClassification, is RelationExtraction: self.init(balancing: train.labels)
    default: return nil
    }
  }

  init?(balancing counts: [String: Int]) {
    let n = Double(counts.values.reduce(0, +)), k = Double(counts.count)
    if counts.isEmpty { return nil }
    (key, values) = ("task.class_weights", counts.mapValues { n / (k * Double($0)) })
  }

  init?(positives counts: [String: Int], of count: Int) {
    let weights = counts.mapValues { Double(count - $0) / Double($0) }.filter { $0.value > 0 }
    if weights.isEmpty { return nil }
    (key, values) = ("task.pos_weight", weights)
  }

  var json: JSON { ["key": .string(key), "values": .object(values.mapValues(JSON.double))] }
}
