/// Explanations of a model's predictions for records.
import Adapters
package import Autograd
package import Datasets
import Encoders
package import Serving
package import Tasks
import Tokenization

/// One output of a prediction, divided among the record's words.
package struct Explanation: Sendable {
  package let output: ExplainedOutput
  /// The words that the model read with the output, by their indices in `ExplainedRecord.words`: of a long text those of the
  /// output's windows.
  package let words: [Int]
  /// Of each of them.
  package let scores: [Double]
  /// The scores of tokens that belong to no word: special tokens.
  package let specialTokens: Double
  /// The output; nil: the method has none.
  package let value: Double?
  /// The output for the baseline.
  package let baselineValue: Double?
  package let faithfulness: (own: Faithfulness, random: Faithfulness)?

  /// How far the scores' sum is from the output's difference to the baseline, as captum's convergence delta.
  package var convergenceDelta: Double? {
    guard let value, let baselineValue else { return nil }
    return scores.reduce(specialTokens, +) - (value - baselineValue)
  }
}

package struct ExplainedRecord: Sendable {
  package let words: WordMap
  package let explanations: [Explanation]
}

package struct Explainer: Sendable {
  private let member: Member
  private let task: any ExplainableInference
  private let method: ExplanationMethod
  private let label: Int?
  private let measuresFaithfulness: Bool

  /// - Parameters:
  ///   - member: of a base that was loaded for gradients.
  ///   - label: explain this label's logit; nil: those of the prediction.
  /// - Throws: `ExplainFault`.
  package init(
    _ member: Member, _ method: ExplanationMethod, label: String? = nil, faithfulness: Bool = false
  ) throws {
    let type = TaskType(of: member.task)
    guard let task = member.task as? any ExplainableInference else {
      throw ExplainFault.noOutput(folder: member.folder, type)
    }
    self.label = try label.map { label in
      if task.labels.isEmpty || task is ExtractiveQA || task is Regression { throw ExplainFault.labelsNeeded(type) }
      guard let index = task.labels.firstIndex(of: label) else {
        throw ExplainFault.unknownLabel(label, known: task.labels)
      }
      return index
    }
    if method == .attentionRollout, member.adapter?.method.virtualTokenCount ?? 0 > 0 {
      throw ExplainFault.virtualTokens(folder: member.folder)
    }
    if method == .leaveOneOut || faithfulness, member.tokenizer.tokenizer.mask == nil {
      throw ExplainFault.noMask(folder: member.folder)
    }
    (self.member, self.task, self.method, measuresFaithfulness) = (member, task, method, faithfulness)
  }

  /// - Throws: `PoolFault.record` for a record with too few or too many texts.
  package func check(_ record: Record) throws(PoolFault) {
    do throws(TaskFault) { try task.check(record) } catch { throw .record(member.folder, error) }
  }

  /// - Throws: `NotFinite` if a logit is not finite, as with damaged weights.
  package func explain(_ records: [Record], _ parallelFor: ParallelFor) throws -> [ExplainedRecord] {
    let results = Results<Result<ExplainedRecord, any Error>>(count: records.count)
    try parallelFor(records.count) { index, workspace in
      results.set(index, Result { try explain(records[index], workspace) })
    }
    return try results.all.map { try $0.get() }
  }

  private func explain(_ record: Record, _ workspace: Workspace) throws -> ExplainedRecord {
    let map = task.wordMap(record, member.tokenizer)
    let (encoded, logits, prediction) = try Inference(member.model, member.adapters).answer(
      record, task, member.tokenizer, workspace)
    let outputs = task.explainedOutputs(record, encoded, logits, prediction, label: label)
    return ExplainedRecord(
      words: map, explanations: outputs.map { explain($0, encoded, map, workspace) })
  }

  private func explain(
    _ output: ExplainedOutput, _ encoded: EncodedRecord, _ map: WordMap, _ workspace: Workspace
  ) -> Explanation {
    let used = Set(output.terms.map(\.feature)).sorted()
    let sequences = ExplainedSequences(
      features: used.map { feature in
        ExplainedFeature(
          model: member.model, adapters: member.adapters, features: encoded.features[feature],
          terms: output.terms.filter { $0.feature == feature }, activation: output.activation)
      }, tokens: used.map { map.tokens[$0] }, words: map.words.count,
      mask: member.tokenizer.tokenizer.mask ?? member.tokenizer.tokenizer.unk)
    var result = scores(sequences, workspace)
    result.faithfulness = measuresFaithfulness ? sequences.faithfulness(of: result.words, workspace) : nil
    let read = Set(sequences.tokens.joined().compactMap { $0 }).sorted()
    return Explanation(
      output: output, words: read, scores: read.map { result.words[$0] }, specialTokens: result.special,
      value: result.value,
      baselineValue: result.baseline, faithfulness: result.faithfulness)
  }

  private struct Scores {
    var words: [Double]
    var special = 0.0
    var value, baseline: Double?
    var faithfulness: (own: Faithfulness, random: Faithfulness)?
  }

  private func scores(_ sequences: ExplainedSequences, _ workspace: Workspace) -> Scores {
    var result = Scores(words: Array(repeating: 0, count: sequences.words))
    if method == .leaveOneOut {
      let (scores, value) = sequences.leaveOneOut(workspace)
      return Scores(words: scores, value: value)
    }
    for (feature, tokens) in zip(sequences.features, sequences.tokens) {
      let attributions: [Double]
      switch method {
      case .integratedGradients(let steps):
        let baseline = zip(feature.features.ids, tokens).map { $1 == nil ? $0 : member.tokenizer.tokenizer.pad }
        let found = feature.integratedGradients(steps: steps, baseline: baseline, workspace)
        attributions = found.attributions
        result.value = (result.value ?? 0) + found.value
        result.baseline = (result.baseline ?? 0) + found.baselineValue
      case .gradientXInput:
        let found = feature.gradientXInput(workspace)
        attributions = found.attributions
        result.value = (result.value ?? 0) + found.value
      default:
        attributions = feature.attentionRollout(workspace).map { $0 / Double(sequences.features.count) }
      }
      for (word, score) in zip(tokens, attributions) {
        if let word { result.words[word] += score } else { result.special += score }
      }
    }
    return result
  }
}
