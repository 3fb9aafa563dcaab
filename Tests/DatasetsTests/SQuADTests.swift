/// Tests the reader of SQuAD's JSON: answers that stand elsewhere, unanswerable questions, and what it refuses.
import Datasets
import Files
import Foundation
import TestSupport
import Testing

private func file(_ questions: [JSON], context: String = "Aspirin helps. Aspirin, not ibuprofen.") -> JSON {
  [
    "version": "1.1",
    "data": [["title": "t", "paragraphs": [["context": .string(context), "qas": .array(questions)]]]],
  ]
}

private func question(_ id: JSON = "q", _ answers: [(String, Int)]? = nil, impossible: Bool? = nil) -> JSON {
  var question: [String: JSON] = ["id": id, "question": "What helps?"]
  question["answers"] = answers.map { .array($0.map { ["text": .string($0), "answer_start": .int($1)] }) }
  question["is_impossible"] = impossible.map(JSON.bool)
  return .object(question)
}

private func read(_ content: String) throws -> [Record] {
  try withTemporaryFolder { folder in
    try writeFile(content, to: folder + "/train.json")
    return try readSQuAD(folder + "/train.json")
  }
}

private func fault(_ content: String) -> String {
  do {
    _ = try read(content)
    return ""
  } catch {
    return "\(error)"
  }
}

@Suite struct SQuADTests {
  @Test func `questions share their context, and ids may be numbers`() throws {
    let records = try read(
      file([
        question(7, [("Aspirin", 0), ("ibuprofen", 28)]), question("b"), question("c", []),
        question("d", impossible: true),
      ])
      .text())
    #expect(records.map(\.id) == ["7", "b", "c", "d"])
    #expect(records[0].texts == ["What helps?", "Aspirin helps. Aspirin, not ibuprofen."])
    #expect(records[0].answers == [Answer("Aspirin", start: 0), Answer("ibuprofen", start: 28)])
    #expect(records[1].answers == nil && records[2].answers == [] && records[3].answers == [])
  }

  @Test(arguments: [(1, 0), (7, 0), (8, 15), (14, 15), (-9, 0), (900, 15), (15, nil)] as [(Int, Int?)])
  func `an answer that stands elsewhere is taken where it stands nearest`(_ stated: Int, _ start: Int?) throws {
    let answer = try #require(read(file([question("q", [("Aspirin", stated)])]).text())[0].answers?.first)
    #expect(answer == Answer("Aspirin", start: start ?? stated, statedStart: start == nil ? nil : stated))
  }

  @Test func `positions count code points`() throws {
    let context = "🧬 e\u{301} naïve: α"
    let answers = try #require(
      read(file([question("q", [("α", 12), ("\u{301}", 3), ("naïve", 5)])], context: context).text())[0].answers)
    #expect(answers.map(\.statedStart) == [nil, nil, nil])
  }

  @Test func `every fault names the question, and says what to do`() throws {
    let cases: [(JSON, [String])] = [
      (file([question("q7", [("Paracetamol", 3)])]), ["id 'q7'", "'Paracetamol'", "qas[0]", "nearest place"]),
      (file([question("x"), question("x")]), ["id 'x'", "qas[1]", "different ids"]),
      (file([question("x", [("helps", 8)], impossible: true)]), ["id 'x'", "'is_impossible' true"]),
      (file([["id": "x", "question": "  "]]), ["id 'x'", "empty text in 'question'"]),
      (file([["question": "What?"]]), ["qas[0]", "no 'id'"]),
      (
        file([["id": "x", "question": "What?", "answers": [["text": "helps"]]]]), ["no 'answer_start'", "whole number"]
      ),
      (
        file([["id": "x", "question": "What?", "answers": [["text": "", "answer_start": 0]]]]), ["empty text in 'text'"]
      ),
      (["data": [["paragraphs": [["qas": []]]]]], ["data[0].paragraphs[0]: found no 'context'"]),
      (["data": [["title": "x"]]], ["data[0]: found no 'paragraphs'"]),
      (["data": []], ["no questions"]), ([["question": "x"]], ["found no 'data'"]),
    ]
    for (json, parts) in cases {
      let message = fault(json.text())
      for part in ["train.json"] + parts { #expect(message.contains(part), "\(message)") }
      #expect(message.contains("\n"), "no advice: \(message)")
    }
    #expect(fault("").contains("no questions") && fault(" \n").contains("no questions"))
    #expect(fault("{\"data\": ").contains("line 1, column"))
    let many = fault(file((0..<9).map { question(JSON.int($0), [("zebra", 0)]) }).text())
    #expect(many.contains("and 4 more invalid places"), "\(many)")
  }

  @Test func `a file in Latin-1 is refused with a hint`() throws {
    try withTemporaryFolder { folder in
      let text = file([question("q")], context: "naïve cells").text()
      try #require(text.data(using: .isoLatin1)).write(to: URL(fileURLWithPath: folder + "/train.json"))
      do {
        _ = try readSQuAD(folder + "/train.json")
        Issue.record("Latin-1 was read")
      } catch { #expect("\(error)".contains("iconv") && "\(error)".contains("line "), "\(error)") }
    }
  }
}
