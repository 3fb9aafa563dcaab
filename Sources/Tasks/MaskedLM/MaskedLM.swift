/// Masked-language modeling: predicts masked tokens of running text. It answers no records.
import Datasets
package import Encoders
package import Files

package struct MaskedLM: TaskInference {
  package static let name = "masked_lm"
  package static let headType = HeadType.maskedLM
  package static let metrics: [Metric] = [
    Metric.loss, Metric("perplexity", higherIsBetter: false, isHeadline: true), Metric("accuracy", isHeadline: true),
  ]
  package static let description = TaskDescription(
    pipeline: "fill-mask", purpose: "masked language modeling", record: "block",
    autoModel: "AutoModelForMaskedLM",
    use: "fills masked words of texts, and is a base for fine-tuning",
    scoring: "Perplexity and accuracy are computed on masked tokens. The masks are the same for every model.")

  package init(labels: [String]) {}

  package var labels: [String] { [] }
  package var readsWindows: Bool { false }

  /// 15 % of the tokens are masked, with the same masks every time.
  package func makeEvaluation(
    of data: TaskData, _ tokenizer: TextTokenizer, threads: Int
  ) throws -> (task: any Task, notes: [String]) {
    let stores = try tokenStores(of: data, tokenizer, threads: threads)
    return (MaskedLMTask(stores, try Masking(tokenizer.tokenizer), seed: 0), [])
  }
}

/// "(max_length 128, pack true)": how the text of an evaluation was split into blocks, on which the perplexity depends; nil
/// for the other tasks.
package func evaluationWindow(_ metrics: JSON) -> String? {
  guard let length = metrics["window"]?["max_length"]?.int, let pack = metrics["window"]?["pack"]?.bool else {
    return nil
  }
  return "(max_length \(length), pack \(pack))"
}

/// The blocks of each split.
/// - Throws: `FileFault`; `TaskFault.noWords`.
func tokenStores(of data: TaskData, _ tokenizer: TextTokenizer, threads: Int) throws -> [Split: TokenStore] {
  guard let format = data.format as? TextFormat else {
    preconditionFailure("masked-language modeling requires text, found \(data.format)")
  }
  var stores: [Split: TokenStore] = [:]
  for (split, paths) in data.files {
    let store = try TokenStore(
      paths: paths, fields: format.fields, tokenizer: tokenizer.tokenizer, maxLength: tokenizer.maxLength,
      pack: format.pack, threads: threads)
    guard (0..<store.count).contains(where: store.hasMaskableTokens) else {
      throw TaskFault.noWords(file: paths.joined(separator: ", "))
    }
    stores[split] = split == .dev ? data.maxDevExamples.map(store.prefix) ?? store : store
  }
  return stores
}
