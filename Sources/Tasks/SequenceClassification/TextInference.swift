/// What the tasks share that answer once for a text or a pair of texts.
package import Datasets
package import Encoders

/// What happens to a text that is longer than the model's window.
package enum LongText: String, CaseIterable, Sendable, Codable {
  /// It is cut off. Of a pair the longer text is cut first.
  case truncate
  /// It is split into windows, whose answers are averaged.
  case mean
}

/// How a task reads texts: a part of what tune.json has of it.
package struct TextReading: Sendable, Codable, Equatable {
  package let longText: LongText
  /// Whether it was trained on pairs of texts; nil: unknown.
  package let pairs: Bool?

  private enum CodingKeys: String, CodingKey {
    case longText = "long_text", pairs
  }

  package init(longText: LongText = .truncate, pairs: Bool? = nil) { (self.longText, self.pairs) = (longText, pairs) }

  /// Nothing is required.
  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    longText = try file.decodeIfPresent(LongText.self, forKey: .longText) ?? .truncate
    pairs = try file.decodeIfPresent(Bool.self, forKey: .pairs)
  }
}

package protocol TextInference: ExplainableInference {
  var reading: TextReading { get }
  /// What a note on texts that are cut adds.
  var longTextAdvice: String { get }
  /// One row.
  func targets(of record: Record) -> Targets
}

extension TextInference {
  package static var headType: HeadType { .sequenceClassification }

  package var readsWindows: Bool { reading.longText == .mean }
  package var longTextAdvice: String { "; task.long_text \"mean\" reads them in windows" }

  package func check(_ record: Record) throws(TaskFault) {
    let expected = reading.pairs.map { $0 ? 2 : 1 } ?? max(1, record.texts.count)
    if record.texts.count != expected { throw .texts(record.texts.count, expected: expected, record: record) }
  }

  package func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord {
    let targets = targets(of: record)
    let first = record.texts.first ?? "", second = record.texts.count > 1 ? record.texts[1] : nil
    let sequences = readsWindows ? tokenizer.windows(of: first, second) : [tokenizer.encode(first, second)]
    return EncodedRecord(
      sequences.map { Features(ids: $0.ids, tokenTypeIDs: $0.tokenTypeIDs, targets: targets) },
      cutTokens: sequences.map(\.truncated).max() ?? 0)
  }
}

extension [Logits] {
  /// The mean over windows of what `values` makes of each window's row.
  func mean(_ values: (ArraySlice<Float>) -> [Double]) -> [Double] {
    let windows = map { values($0[0]) }
    guard let first = windows.first else { return [] }
    return first.indices.map { index in windows.reduce(0) { $0 + $1[index] / Double(count) } }
  }
}
