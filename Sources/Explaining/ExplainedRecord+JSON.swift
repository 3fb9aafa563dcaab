/// Explanations as `tune explain` prints them. Without the texts, unless they are asked for.
package import Files
import Tasks

extension ExplainedRecord {
  /// - Parameter showsText: with the texts and the words' characters; else only their offsets.
  package func json(showsText: Bool) -> [String: JSON] {
    var object: [String: JSON] = ["explanations": .array(explanations.map { $0.json(words, showsText) })]
    if showsText {
      object["texts"] = .array(words.texts.map { .string($0.joined(separator: words.countsWords ? " " : "")) })
    }
    return object
  }
}

extension Explanation {
  fileprivate func json(_ map: WordMap, _ showsText: Bool) -> JSON {
    var object: [String: JSON] = ["target": output.json(map, showsText)]
    object["value"] = value.map(rounded)
    object["baseline_value"] = baselineValue.map(rounded)
    object["convergence_delta"] = convergenceDelta.map(rounded)
    object["special_tokens"] = rounded(specialTokens)
    object["words"] = .array(
      zip(words, scores).map { index, score in
        let word = map.words[index]
        var members: [String: JSON] = [
          "start": .int(word.range.lowerBound), "end": .int(word.range.upperBound), "score": rounded(score),
        ]
        if map.texts.count > 1 { members["text"] = .int(word.text) }
        if showsText { members["word"] = .string(map.string(word)) }
        return .object(members)
      })
    if let faithfulness {
      object["faithfulness"] = .object(
        faithfulness.own.json.merging(faithfulness.random.json.map { ("random_" + $0, $1) }) { $1 })
    }
    return .object(object)
  }
}

extension Faithfulness {
  fileprivate var json: [String: JSON] {
    ["comprehensiveness": rounded(comprehensiveness), "sufficiency": rounded(sufficiency)]
  }
}

extension ExplainedOutput {
  fileprivate func json(_ map: WordMap, _ showsText: Bool) -> JSON {
    switch part {
    case .label(let label): return ["label": .string(label)]
    case .value: return ["value": true]
    case .entity(let entity):
      var object: [String: JSON] = [
        "entity": .string(entity.label), "start": .int(entity.start), "end": .int(entity.end),
      ]
      if showsText { object["word"] = .string(entity.text) }
      return .object(object)
    case .answer(_, nil): return ["answer": .null]
    case .answer(let text, let range?):
      var object: [String: JSON] = [
        "text": .int(text), "start": .int(range.lowerBound), "end": .int(range.upperBound),
      ]
      if showsText { object["word"] = .string(map.string(TextWord(text: text, range: range))) }
      return ["answer": .object(object)]
    }
  }
}

/// Nine decimal places.
private func rounded(_ value: Double) -> JSON { .double((value * 1e9).rounded() / 1e9) }
