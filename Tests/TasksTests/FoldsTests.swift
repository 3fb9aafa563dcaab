/// Folds of cross-validation: who is in which, by hand.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private func fold(_ folds: Folds, _ records: [Record]) throws -> [[String]] {
  try (0..<folds.count).map { index in
    var folds = folds
    folds.fold = index
    let held = try folds.select(folds.heldOutSplit, from: records, ["t"]).all.map(\.id)
    let train = try folds.select(.train, from: records, ["t"]).all.map(\.id)
    #expect(Set(held).isDisjoint(with: train) && held.count + train.count == records.count)
    #expect(train == records.map(\.id).filter { !held.contains($0) }, "the order of the file")
    return held
  }
}

private func folds(_ count: Int, _ change: (inout Folds) -> Void = { _ in }) -> Folds {
  var folds = Folds()
  folds.count = count
  change(&folds)
  return folds
}

private func records(_ labels: [String], documents: [String?] = []) -> [Record] {
  labels.enumerated().map { index, label in
    let document = documents.isEmpty ? nil : documents[index]
    return Record(
      id: "\(index)", texts: ["t"], labels: [label],
      source: .init(file: "t", line: index + 1, record: index + 1, document: document))
  }
}

struct FoldsTests {
  @Test func `records are dealt in the order of the file`() throws {
    #expect(
      try fold(folds(3), records(["a", "a", "a", "a", "a", "a", "a"])) == [["0", "3", "6"], ["1", "4"], ["2", "5"]])
  }

  @Test func `a seed shuffles them, always in the same way`() throws {
    let all = records([String](repeating: "a", count: 40))
    let first = try fold(folds(4) { $0.seed = 1 }, all)
    #expect(try fold(folds(4) { $0.seed = 1 }, all) == first && first.map(\.count) == [10, 10, 10, 10])
    #expect(try fold(folds(4) { $0.seed = 2 }, all) != first && fold(folds(4), all) != first)
    #expect(Set(first.joined()).count == 40)
  }

  @Test func `stratified folds have the same share of each label`() throws {
    let labels = ["b", "a", "b", "a", "a", "b"]
    // By label: 1, 3, 4, then 0, 2, 5.
    #expect(try fold(folds(2) { $0.isStratified = true }, records(labels)) == [["1", "2", "4"], ["0", "3", "5"]])
    let many = records((0..<100).map { $0 % 10 < 3 ? "x" : "y" })
    for held in try fold(folds(5) { ($0.isStratified, $0.seed) = (true, 3) }, many) {
      #expect(held.count { Int($0)! % 10 < 3 } == 6 && held.count == 20)
    }
    let values = [3.0, 1, 2, 0].enumerated().map { Record(id: "\($0)", texts: ["t"], value: $1) }
    #expect(try fold(folds(2) { $0.isStratified = true }, values) == [["2", "3"], ["0", "1"]])
  }

  @Test func `a document is in one fold`() throws {
    let all = records(["a", "a", "a", "a", "a"], documents: ["p", "q", "p", "r", "q"])
    #expect(try fold(folds(3) { $0.byDocument = true }, all) == [["0", "2"], ["1", "4"], ["3"]])
  }

  @Test func `too few records or documents, and none, are errors`() throws {
    #expect(throws: TaskFault.self) { try folds(3).select(.dev, from: records(["a", "b"]), ["t"]) }
    let documents = folds(2) { $0.byDocument = true }
    #expect(throws: TaskFault.self) { try documents.select(.dev, from: records(["a", "b", "c"]), ["t"]) }
    #expect(throws: TaskFault.self) {
      try documents.select(.dev, from: records(["a", "b"], documents: ["p", "p"]), ["t"])
    }
  }
}

@Test func `a fold is a split of its own, without a note on the shared file, but with one on shared texts`() throws {
  try withTemporaryFolder { folder in
    try writeFile("a\tO\n\nb\tB-X\n\na\tO\n\nc\tB-X\n", to: folder + "/t.tsv")
    let data = TaskData(
      files: [(.train, [folder + "/t.tsv"]), (.test, [folder + "/t.tsv"])], format: CoNLLFormat(),
      folds: folds(4) { ($0.fold, $0.heldOut) = (2, .test) })
    #expect(try data.records(.test)?.all.map(\.id) == ["3"] && data.records(.train)?.all.map(\.id) == ["1", "2", "4"])
    let config = try ModelConfig(folder: fixture("tiny-bert"))
    let tokenizer = try TextTokenizer(WordPiece(folder: fixture("tiny-bert")), config, maxLength: 16)
    let setup = try TokenClassificationSettings().setUp(
      TaskContext(data: data, tokenizer: tokenizer, baseLabels: [], teacherLabels: nil, seed: 1, threads: 1))
    let notes = try sharedTextNotes(setup.task, data)
    #expect(notes.count == 1 && notes[0].hasPrefix("1 of 1 sentences of test are also in train"))
  }
}
