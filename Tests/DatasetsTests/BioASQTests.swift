/// Tests the reader of BioASQ's JSON: where answers stand, the forms that answers have, and what it refuses.
import Files
import TestSupport
import Testing

@testable import Datasets

private func question(
  _ type: JSON = "factoid", id: JSON = "q1", _ answer: JSON? = nil, _ snippets: [JSON] = ["Aspirin helps."]
) -> JSON {
  var members: [String: JSON] = [
    "id": id, "type": type, "body": "What helps?", "snippets": .array(snippets.map { ["text": $0, "document": "d"] }),
  ]
  members["exact_answer"] = answer
  return .object(members)
}

private func read(_ questions: [JSON], _ content: RecordContent = .questions, labeled: Bool = true) throws -> [Record] {
  try withTemporaryFolder { folder in
    try writeFile(JSON.object(["questions": .array(questions)]).text(), to: folder + "/train.json")
    return try #require(BioASQFormat().reading(content)).questions(in: folder + "/train.json", isLabeled: labeled)
  }
}

private func fault(_ questions: [JSON], _ content: RecordContent = .questions) -> String {
  do {
    _ = try read(questions, content)
    return ""
  } catch {
    return "\(error)"
  }
}

@Suite struct BioASQTests {
  @Test func `answers are found as whole words in any case, and the longest counts where they overlap`() throws {
    let snippets: [JSON] = ["ATP and tp53; TP53-like.", "Insulin receptor, insulin.", " ", "İL-2 e\u{301} naïve Naïve"]
    let record = try #require(
      read([question("list", [["TP53", "TP"], ["insulin", "INSULIN RECEPTOR"], [" naïve "]], snippets)]).first)
    #expect(record.texts == ["What helps?"] + [0, 1, 3].compactMap { snippets[$0].string })
    #expect(
      record.answers == [
        Answer("tp53", context: 0, start: 8), Answer("TP53", context: 0, start: 14),
        Answer("Insulin receptor", context: 1, start: 0), Answer("insulin", context: 1, start: 18),
        Answer("naïve", context: 2, start: 8), Answer("Naïve", context: 2, start: 14),
      ])
    #expect(record.exactAnswer == ExactAnswer(.list, [["TP53", "TP"], ["insulin", "INSULIN RECEPTOR"], [" naïve "]]))
  }

  @Test func `answers have every form that the editions gave them`() throws {
    let forms: [(JSON, JSON?, [[String]]?)] = [
      ("factoid", "a", [["a"]]), ("factoid", ["a", "b"], [["a", "b"]]), ("factoid", [["a", "b"]], [["a", "b"]]),
      ("list", ["a", "b"], [["a"], ["b"]]), ("list", [["a", "b"], ["c"]], [["a", "b"], ["c"]]), ("list", "a", [["a"]]),
      ("factoid", nil, nil), ("list", [], nil), ("factoid", "", nil), ("list", .null, nil),
    ]
    for (type, answer, expected) in forms {
      let record = try #require(read([question(type, answer)]).first)
      #expect(record.exactAnswer?.answers == expected && (record.answers == nil) == (expected == nil), "\(type)")
    }
  }

  @Test func `each task reads its own questions`() throws {
    let all = [
      question("factoid", id: "f", "aspirin"), question("list", id: "l", [["x"]], []), question("summary", id: "s"),
      question("yesno", id: "y", "Yes", ["a", "b"]), question("yesno", id: "n", ["unknown"], []),
    ]
    #expect(try read(all).map(\.id) == ["f", "l"])
    #expect(try read(all)[1].texts == ["What helps?", ""] && read(all)[1].answers == [])
    let yesNo = try read(all, .labeledTexts)
    #expect(yesNo.map(\.id) == ["y", "n"] && yesNo.map(\.labels) == [["yes"], ["no"]])
    #expect(yesNo.map(\.texts) == [["What helps?", "a b"], ["What helps?", ""]])
    #expect(try read([question("yesno")], .labeledTexts, labeled: false)[0].labels == [])
    var format = BioASQFormat()
    format.questionTypes = [.list]
    #expect(format.reading(.runningText) == nil && format.reading(.questions)?.questionTypes == [.list])
  }

  @Test func `every fault names the question, and says what to do`() {
    let cases: [([JSON], RecordContent, [String])] = [
      ([question("opinion")], .questions, ["questions[0] (id 'q1')", "type 'opinion'", "'yesno'"]),
      ([question(), question()], .questions, ["questions[1]", "another question has too", "unique"]),
      ([question("factoid", 5)], .questions, ["id 'q1'", "a whole number in 'exact_answer'", "synonyms"]),
      ([question("list", [["a", ""]])], .questions, ["id 'q1'", "an empty text in 'exact_answer'"]),
      ([question("list", [["a", 1]])], .questions, ["id 'q1'", "in 'exact_answer'"]),
      ([question("factoid", "a", [1])], .questions, ["id 'q1'", "in 'text'; expected a string"]),
      ([["id": "q1", "type": "list"]], .questions, ["id 'q1'", "found no 'body'", "{\"questions\""]),
      ([["type": "list"]], .questions, ["questions[0]", "found no 'id'"]),
      ([question("yesno", "maybe")], .labeledTexts, ["id 'q1'", "'maybe'", "expected 'yes' or 'no'"]),
      ([question("yesno")], .labeledTexts, ["id 'q1'", "found no 'exact_answer'"]),
      ([question("yesno", "yes")], .questions, ["no questions", "sequence_classification"]),
      ([], .questions, ["no questions", "Is this the right file?"]),
    ]
    for (questions, content, parts) in cases {
      let message = fault(questions, content)
      for part in ["train.json"] + parts { #expect(message.contains(part), "\(message)") }
      #expect(message.contains("\n"), "no advice: \(message)")
    }
  }

  @Test func `SQuAD and BioASQ files are recognized by their members`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.json", squad: JSON = ["data": [["paragraphs": [["context": "a", "qas": []]]]]]
      try writeFile(JSON.object(["questions": [question("list")]]).text(), to: path)
      #expect(try readQuestions(path)[0].exactAnswer == ExactAnswer(.list, nil))
      try writeFile(squad.text(), to: path)
      #expect(throws: QuestionFault.self) { try readQuestions(path) }
    }
  }
}
