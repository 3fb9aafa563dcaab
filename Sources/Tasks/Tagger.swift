/// Predicts a tag for every word of many texts: batches their windows and merges the windows' predictions.
public import Autograd
public import Models

public struct Tagger: Sendable {
  private let model: TextModel
  private let tokenizer: TextTokenizer
  private let keepsLogits: Bool

  public init(model: TextModel, tokenizer: TextTokenizer, keepsLogits: Bool = false) {
    self.model = model
    self.tokenizer = tokenizer
    self.keepsLogits = keepsLogits
  }

  public struct Tags: Sendable {
    /// One prediction per word.
    public fileprivate(set) var words: [TagPrediction] = []
    /// Ids and logits [tokens][classes] of every window; empty unless logits are kept.
    public fileprivate(set) var windows: [(ids: [Int32], logits: [[Float]])] = []
  }

  /// The tags of every text's words; none for a text without words.
  public func tag(_ texts: [TokenizedWords], _ parallelFor: ParallelFor) -> [Tags] {
    let windows = texts.enumerated().flatMap { index, text in
      text.wordStarts.isEmpty ? [] : tokenizer.windows(text).map { (text: index, window: $0) }
    }
    let inputs = windows.map { tokenizer.ids(texts[$0.text], $0.window) }
    let batches = lengthGroups(lengths: inputs.map(\.count), tokens: 512)
    let results = Results<[(Int, [TagPrediction], [[Float]])]>(count: batches.count)
    parallelFor(batches.count) { number, workspace in
      let logits = model(Batch(batches[number].map { inputs[$0] }), Pass(workspace))
      let best = argmaxRows(logits)
      var row = 0
      results.set(
        number,
        batches[number].map { index in
          defer { row += inputs[index].count }
          let (text, window) = windows[index]
          let tags = window.words.map { best[row + 1 + texts[text].wordStarts[$0] - window.tokens.lowerBound] }
          return (index, tags, keepsLogits ? rows(of: logits, row..<row + inputs[index].count) : [])
        })
    }
    var byWindow = [([TagPrediction], [[Float]])](repeating: ([], []), count: windows.count)
    for (index, tags, logits) in results.all.joined() { byWindow[index] = (tags, logits) }
    var merged = [Tags](repeating: Tags(), count: texts.count)
    for (index, (tags, logits)) in byWindow.enumerated() {
      merged[windows[index].text].words += tags
      if keepsLogits { merged[windows[index].text].windows.append((inputs[index], logits)) }
    }
    return merged
  }

  private func rows(of logits: Tensor, _ range: Range<Int>) -> [[Float]] {
    range.map { row in (0..<logits.columns).map { logits.pointer[row * logits.columns + $0] } }
  }
}
