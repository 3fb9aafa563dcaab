/// Notes on labels that may be mistyped, and on sentences between which blank lines may be missing.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

/// The notes of a run and the check of files with these texts.
private func notes(
  _ files: [(Split, String)], _ format: any DataFormat, _ settings: any TaskSettings
) throws -> (run: [String], check: DataCheck) {
  try withTemporaryFolder { folder in
    let files = try files.map { split, text in
      try writeFile(text, to: "\(folder)/\(split.rawValue)")
      return (split: split, paths: ["\(folder)/\(split.rawValue)"])
    }
    let data = TaskData(files: files, format: format)
    let config = try ModelConfig(folder: fixture("tiny-bert"))
    let tokenizer = try TextTokenizer(WordPiece(folder: fixture("tiny-bert")), config, maxLength: 16)
    let context = TaskContext(data: data, tokenizer: tokenizer, baseLabels: [], teacherLabels: nil, seed: 1, threads: 1)
    let setup = try settings.setUp(context)
    return (setup.dataNotes.map { $0.replacing(folder + "/", with: "") }, try DataCheck(setup, data, tokenizer))
  }
}

private func rows(_ labels: [String]) -> String {
  labels.map { JSON.object(["text": "a", "label": .string($0)]).text(pretty: false) + "\n" }.joined()
}

private let many = (0..<60).map { $0 % 2 == 0 ? "harm" : "neutral" }

@Test func `labels that differ by case, spaces and quotes are noted, with a count and a place`() throws {
  let found = try notes(
    [(.train, rows(many + ["Harm ", "neutral\""])), (.dev, rows(["harm", "HARM"]))], TableDataFormat(.jsonl),
    SequenceClassificationSettings())
  #expect(
    found.run == [
      "labels that differ only by case, spaces or quotes: 'HARM' (1, dev:2) and 'Harm ' (1, train:61) and 'harm' (31, "
        + "first train:1); 'neutral' (30, first train:2) and 'neutral\"' (1, train:62). Each is a label of its own: if they are "
        + "one, correct the files"
    ])
  #expect(found.check.notes.contains { $0.hasPrefix("labels that differ only by case") })
}

@Test func `a label of one or two examples is noted if the others have many`() throws {
  let tags = (0..<40).map { "a\tB-Drug\nb\t\($0 == 7 ? "B-Durg" : "O")\n\n" }.joined()
  let found = try notes([(.train, tags)], CoNLLFormat(), TokenClassificationSettings())
  let note =
    "labels of one or two training examples, though the others have many: 'Durg' (1, train:23). Are they mistyped?"
  #expect(
    found.run == [note]
      && found.check.notes.contains { $0.hasSuffix("'Durg' (1, \(place(found.check)):23). Are they mistyped?") })
  for labels in [["harm", "neutral", "none"], many, many + ["none", "none", "none"]] {
    #expect(try notes([(.train, rows(labels))], TableDataFormat(.jsonl), SequenceClassificationSettings()).run == [])
  }
}

private func place(_ check: DataCheck) -> String { check.splits[0].files[0] }

@Test func `a sentence of hundreds of words is noted`() throws {
  let short = "a\tB-X\nb\tO\n\n"
  func words(_ count: Int) -> String { (0..<count).map { "a\t\($0 % 5 == 0 ? "B-X" : "O")\n" }.joined() }
  let found = try notes(
    [(.train, short + words(502)), (.dev, words(300) + "\n" + words(301)), (.test, words(299))], CoNLLFormat(),
    TokenClassificationSettings())
  #expect(
    found.run == [
      "train: one sentence of 502 words (train:4): are blank lines missing?",
      "dev: 2 sentences of 300 words or more, the longest of 301 (dev:302): are blank lines missing?",
    ])
  #expect(found.check.notes.contains { $0.hasPrefix("train: one sentence of 502 words (") })
}

@Test(arguments: [("harm", "harm"), ("harm ", "'harm '"), ("\u{A0}a b", "'\u{A0}a b'"), ("", "''")])
func `white space at the ends of a label is seen`(_ label: String, _ shown: String) {
  #expect(visible(label) == shown)
}
