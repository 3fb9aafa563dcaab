/// A page of explanations: the texts with their words colored by score. One file, without scripts and requests.
import Files
import Foundation
import Pages
import Tasks

/// The page for some records, each with its id.
package func explanationPage(_ records: [(id: String, record: ExplainedRecord)], _ method: ExplanationMethod) -> String
{
  let settings = (method.json.object ?? [:]).sorted { $0.key < $1.key }
    .map { "<dt>\(escaped($0.key))</dt><dd>\(escaped($0.value.string ?? $0.value.text(pretty: false)))</dd>" }
  let isSigned = method != .attentionRollout
  let body = """
    <h1>Explanations</h1>
    <p class="legend"><mark style="--share:0.8" class="for">speaks for the output</mark>
    \(isSigned ? "<mark style=\"--share:0.8\" class=\"against\">speaks against it</mark>" : "")
    The strongest word of each explanation has the full color.</p>
    <dl>\(settings.joined())</dl>
    \(records.map { section($0, $1) }.joined(separator: "\n"))
    """
  return htmlDocument(title: "Explanations", style: pageStyle + style, body: body)
}

private func section(_ id: String, _ record: ExplainedRecord) -> String {
  let figures = record.explanations.map { figure($0, record.words) }.joined(separator: "\n")
  return """
    <section>
    <h2>\(escaped(id))</h2>
    \(figures.isEmpty ? "<p>Nothing is predicted that could be explained.</p>" : figures)
    </section>
    """
}

private func figure(_ explanation: Explanation, _ map: WordMap) -> String {
  let largest = explanation.scores.map(abs).max() ?? 0
  let scored = zip(explanation.words.map { map.words[$0] }, explanation.scores).map { (word: $0, score: $1) }
  let texts = map.texts.indices.map { number in
    "<p class=\"text\">" + marked(map, number, scored.filter { $0.word.text == number }, largest) + "</p>"
  }
  let rows = scored.sorted { abs($0.score) > abs($1.score) }.prefix(20).map { word, score in
    "<tr><td>\(escaped(map.string(word)))</td><td>\(word.range.lowerBound)–\(word.range.upperBound)</td>"
      + "<td>\(number(score))</td></tr>"
  }
  let value = explanation.value.map { " · logit \(number($0))" } ?? ""
  let delta = explanation.convergenceDelta.map { " · convergence delta \(String(format: "%.1e", $0))" } ?? ""
  let faithfulness = explanation.faithfulness.map { own, random in
    "<p>Comprehensiveness \(number(own.comprehensiveness)) (random words \(number(random.comprehensiveness))), sufficiency "
      + "\(number(own.sufficiency)) (\(number(random.sufficiency))).</p>"
  }
  return """
    <figure>
    <figcaption><strong>\(escaped(explanation.output.title(map)))</strong>\(value)\(delta)</figcaption>
    \(texts.joined(separator: "\n"))
    \(faithfulness ?? "")
    <details><summary>Scores</summary>
    <table><thead><tr><th>Word</th><th>Offsets</th><th>Score</th></tr></thead><tbody>\(rows.joined())</tbody></table>
    </details>
    </figure>
    """
}

/// A text with its words marked, and what is between them as it is.
private func marked(
  _ map: WordMap, _ text: Int, _ words: [(word: TextWord, score: Double)], _ largest: Double
) -> String {
  let units = map.texts[text], separator = map.countsWords ? " " : ""
  var html = "", end = 0
  func plain(to start: Int) { if start > end { html += escaped(units[end..<start].joined(separator: separator)) } }
  for (word, score) in words.sorted(by: { $0.word.range.lowerBound < $1.word.range.lowerBound })
  where word.range.lowerBound >= end {
    plain(to: word.range.lowerBound)
    if map.countsWords, !html.isEmpty { html += " " }
    let share = largest > 0 ? abs(score) / largest : 0
    let style = "class=\"\(score < 0 ? "against" : "for")\" style=\"--share:\(String(format: "%.2f", share))\""
    html += "<mark \(style) title=\"\(number(score))\">\(escaped(map.string(word)))</mark>"
    end = word.range.upperBound
  }
  plain(to: units.count)
  return html
}

extension ExplainedOutput {
  fileprivate func title(_ map: WordMap) -> String {
    switch part {
    case .label(let label): label
    case .value: "value"
    case .entity(let entity): "\(entity.label): \(entity.text)"
    case .answer(_, nil): "no answer"
    case .answer(let text, let range?): "answer: " + map.string(TextWord(text: text, range: range))
    }
  }
}

private func number(_ value: Double) -> String { String(format: "%.4f", value) }

/// Styles of the words, beside those of every page.
private let style = """
  .text { overflow-wrap: anywhere; line-height: 1.9; }
  mark.for { background: rgb(var(--blue) / calc(var(--share) * .65)); }
  mark.against { background: rgb(var(--orange) / calc(var(--share) * .65)); text-decoration: underline dotted rgb(var(--orange) / var(--share)); }
  table { border-collapse: collapse; font-size: .9rem; } th, td { text-align: left; padding: .15rem .8rem .15rem 0; }
  td:last-child { font-variant-numeric: tabular-nums; text-align: right; }
  @media print { details { display: none; } mark { print-color-adjust: exact; } }

  """
