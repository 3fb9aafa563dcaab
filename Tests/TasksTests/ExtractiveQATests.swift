/// Windows, targets and answers against transformers' run_qa.py, and what a run needs of its data.
/// `Tests/Fixtures/question-answering/make_answers.py`
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private func config(vocabulary: Int) throws -> ModelConfig {
  let json: JSON = [
    "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 8,
    "max_position_embeddings": 64, "vocab_size": .int(vocabulary),
  ]
  return try ModelConfig(json: json, file: "config")
}

private func tokenizer(_ name: String, maxLength: Int = 40, stride: Int = 12) throws -> TextTokenizer {
  try withTemporaryFolder { folder in
    if name == "bpe" {
      let files = try JSON(path: fixture("bpe/golden.json")).array?[0]["files"]?.object ?? [:]
      for (name, content) in files { try writeFile(content.string ?? content.text(), to: "\(folder)/\(name)") }
    }
    let tokenizer = try loadTokenizer(folder: name == "bpe" ? folder : fixture(name))
    return try TextTokenizer(tokenizer, config(vocabulary: tokenizer.count), maxLength: maxLength, stride: stride)
  }
}

private func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).compactMap(\.number) }

private func record(_ json: JSON) -> Record {
  let answers = json["answers"]?.array?.map {
    Answer($0["text"]?.string ?? "", start: $0["answer_start"]?.int ?? 0)
  }
  return Record(
    id: json["id"]?.string ?? "", texts: [json["question"]?.string ?? "", json["context"]?.string ?? ""],
    answers: answers)
}

@Suite struct ExtractiveQATests {
  @Test(arguments: ["tiny-bert", "bpe"]) func `windows, targets and answers are those of run_qa`(_ name: String) throws
  {
    let cases = try #require(JSON(path: fixture("question-answering/answers.json"))[name]?.array)
    let tokenizer = try tokenizer(name)
    #expect(cases.count == 24)
    for json in cases {
      var decoding = AnswerDecoding()
      decoding.nBestSize = json["n_best_size"]?.int ?? 0
      decoding.maxAnswerLength = json["max_answer_length"]?.int ?? 0
      decoding.nullScoreDiffThreshold = json["null_score_diff_threshold"]?.number ?? 0
      decoding.version2WithNegative = json["version_2_with_negative"]?.bool ?? false
      let task = ExtractiveQA(decoding), record = record(json), encoded = task.encode(record, tokenizer)
      let windows = json["windows"]?.array ?? []
      #expect(encoded.features.count == windows.count && encoded.cutTokens == 0)
      for (feature, window) in zip(encoded.features, windows) {
        #expect(feature.ids.map(Double.init) == numbers(window["ids"]))
        #expect((feature.tokenTypeIDs ?? []).map(Double.init) == numbers(window["types"]))
        let span = numbers(window["span"]).map { Int32($0) }
        #expect(
          feature.targets == .spans([SpanTarget(length: feature.ids.count, spans: [span[0]...span[1]])]), "\(json)")
      }
      let logits = windows.map { window in
        Logits(
          classes: 2, values: zip(numbers(window["start"]), numbers(window["end"])).flatMap { [Float($0), Float($1)] })
      }
      guard case .answer(let answer) = task.predict(record, encoded, from: logits) else { continue }
      check(answer, json)
    }
  }

  private func check(_ answer: AnswerPrediction, _ json: JSON) {
    // Where there is no span, the script answers "empty", with a probability, in front of the others.
    let best = (json["n_best"]?.array ?? []).filter { $0.array?[0] != "empty" }
    let isEmpty = best.count < json["n_best"]?.array?.count ?? 0
    #expect(answer.text == (isEmpty ? "" : json["answer"]?.string), "\(json)")
    #expect(answer.candidates.map(\.text) == best.map { $0.array?[0].string ?? "" }, "\(json)")
    if isEmpty { return }
    for (candidate, expected) in zip(answer.candidates, best) {
      #expect(abs(candidate.probability - (expected.array?[1].number ?? .nan)) < 2e-6)
      #expect(candidate.end - candidate.start == candidate.text.unicodeScalars.count)
    }
    let difference = json["difference"]?.number
    #expect(abs((answer.nullScoreDifference ?? .nan) - (difference ?? .nan)) < 1e-5 || difference == nil)
  }

  @Test func `a context of 20,000 tokens is read whole, and every answer comes back as it stands`() throws {
    let tokenizer = try tokenizer("tiny-bert")
    let words = ["aspirin", "naïve", "é", "🧬", "cells,", "IL-2", "(x)"]
    let context = (0..<12000).map { words[$0 % 7] + ($0 % 5 == 0 ? "\n " : " ") }.joined()
    let scalars = Array(context.unicodeScalars)
    let tokens = ContextTokens(context, tokenizer)
    #expect(tokens.ids.count > 20_000)
    let encoded = tokenizer.encode(question: Record(id: "1", texts: ["a", context]), [tokens], targets: [[]])
    #expect(Set(encoded.windows.flatMap(\.tokens)).count == tokens.ids.count)
    #expect(
      zip(encoded.windows.dropFirst(), encoded.windows).allSatisfy { $1.tokens.upperBound - $0.tokens.lowerBound == 12 }
    )
    for start in stride(from: 0, to: scalars.count - 9, by: 977) where scalars[start] != " " && scalars[start] != "\n" {
      // A word that begins here, as its tokens give it back.
      guard start == 0 || scalars[start - 1] == " " else { continue }
      let length = scalars[start...].prefix { $0 != " " && $0 != "\n" }.count
      let text = String(String.UnicodeScalarView(scalars[start..<start + length]))
      let question = Record(id: "1", texts: ["a", context], answers: [Answer(text, start: start)])
      let encoded = tokenizer.encode(question: question, [tokens], targets: [[start..<start + length]])
      let logits = encoded.features.map { feature -> Logits in
        guard case .spans(let spans) = feature.targets, let span = spans[0].spans.first else {
          return Logits(classes: 2, values: [])
        }
        var values = [Float](repeating: 0, count: 2 * feature.ids.count)
        if span != 0...0 { (values[2 * Int(span.lowerBound)], values[2 * Int(span.upperBound) + 1]) = (9, 9) }
        return Logits(classes: 2, values: values)
      }
      guard case .answer(let answer) = ExtractiveQA(AnswerDecoding()).predict(question, encoded, from: logits) else {
        continue
      }
      #expect(answer.text == text && answer.answer?.start == start)
    }
  }

  @Test func `a long question leaves the context half of a window`() throws {
    let tokenizer = try tokenizer("tiny-bert")
    let record = Record(
      id: "1", texts: [String(repeating: "a ", count: 50), String(repeating: "b ", count: 30)], answers: [])
    let encoded = ExtractiveQA(AnswerDecoding()).encode(record, tokenizer)
    #expect(encoded.cutTokens == 33 && encoded.windows.map(\.tokens) == [0..<20, 8..<28, 16..<30])
    #expect(encoded.features.allSatisfy { $0.ids.count <= 40 })
  }

  @Test func `the windows without the answer are drawn, unanswerable questions are found, and moved answers counted`()
    throws
  {
    try withTemporaryFolder { folder in
      let context = (0..<40).map { "aspirin \($0 == 20 ? "dose" : "cell")" }.joined(separator: " ")
      let questions: [JSON] = [
        ["id": "1", "question": "a", "answers": [["text": "dose", "answer_start": 3]]],
        ["id": "2", "question": "b", "answers": []],
      ]
      let file: JSON = ["data": [["paragraphs": [["context": .string(context), "qas": .array(questions)]]]]]
      try writeFile(file.text(), to: folder + "/train.json")
      let context1 = TaskContext(
        data: TaskData(files: [(.train, [folder + "/train.json"])], format: SQuADFormat()),
        tokenizer: try tokenizer("tiny-bert"), baseLabels: [], teacherLabels: nil, seed: 1, threads: 1)
      var settings = ExtractiveQASettings()
      let all = try settings.setUp(context1)
      settings.negativesPerPositive = 2
      let some = try settings.setUp(context1), again = try settings.setUp(context1)
      func trained(_ setup: TaskSetup) -> [Int] { setup.task.lengths.indices.filter(setup.task.hasTargets) }
      let positives = all.task.lengths.indices.filter {
        if case .spans(let spans) = all.task.batch([$0], at: 0).targets { spans[0].spans != [0...0] } else { false }
      }
      #expect(trained(all).count == all.task.lengths.count && !positives.isEmpty)
      #expect(trained(some).count == 3 * positives.count && trained(some) == trained(again))
      #expect(Set(trained(some)).isSuperset(of: positives))
      #expect((all.inference as? ExtractiveQA)?.decoding.version2WithNegative == true)
      #expect(all.notes.contains { $0.contains("the answers of 1 question do not stand at their answer_start") })
      #expect(all.notes.contains { $0.contains("2 questions are read in") }, "\(all.notes)")
    }
  }
}
