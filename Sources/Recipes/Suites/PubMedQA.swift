/// The files of PubMedQA: those of its own split, its 1,000 questions together (`ori_pqal.json`), or LinkBERT's JSON lines.
import Checkpoints
import Datasets
import Files
import Hashing

struct PubMedQA {
  /// SHA-256 of the ids of the 500 test questions, sorted, a line each.
  private static let testDigest = "406e3b89eff577ed38571eca5a5819734a6f49ac0437d171b6c64e5c3cd195f8"
  let folder: SetFolder

  /// The records of train, dev and test. Train and dev are those of the first of the ten folds, as in BLURB.
  func records() throws -> [[Record]] {
    let path = folder.path
    if fileExists("\(path)/pqal_fold0/train_set.json") {
      return try ["pqal_fold0/train_set.json", "pqal_fold0/dev_set.json", "test_set.json"].map { name in
        try questions(in: "\(path)/\(name)").map(\.record)
      }
    }
    if fileExists("\(path)/ori_pqal.json") { return try split("\(path)/ori_pqal.json") }
    return try folder.files.map { file in
      try SetTable(file, columns: [.id, .first, .second, .label]).rows.map { row in
        let label = try row.text(.label)
        guard SuiteSet.pubMedQALabels.contains(label) else {
          throw row.fault("found the label \"\(printable(label))\"", expected: "yes, no or maybe")
        }
        return Record(id: row.id, texts: [try row.text(.first), try row.text(.second)], labels: [label])
      }
    }
  }

  private struct Question {
    let id, answer: String
    let record: Record
  }

  /// In the file's order.
  private func questions(in file: String) throws -> [Question] {
    let members = try JSON(path: file).object ?? [:]
    return try (JSON.keyOrder(path: file)[""] ?? []).map { id in
      let members = members[id], contexts = members?["CONTEXTS"]?.array?.compactMap(\.string) ?? []
      let context = contexts.map(withoutOuterSpace).filter { !$0.isEmpty }
        .joined(separator: " ")
      guard let question = members?["QUESTION"]?.string, let answer = members?["final_decision"]?.string,
        SuiteSet.pubMedQALabels.contains(answer), !context.isEmpty
      else {
        throw FileFault.malformed(
          file: file, line: nil, found: "found no complete question \"\(printable(id))\"",
          expected: "\"QUESTION\", \"CONTEXTS\", and yes, no or maybe as \"final_decision\"")
      }
      return Question(id: id, answer: answer, record: Record(id: id, texts: [question, context], labels: [answer]))
    }
  }

  /// Divides the questions as PubMedQA's split_dataset.py does with Python's generator and seed 0;
  /// `test_ground_truth.json`, if it is there, must have the same questions.
  private func split(_ file: String) throws -> [[Record]] {
    let questions = try questions(in: file)
    var generator = PythonRandom(seed: 0)
    let parts = Self.divide(questions, 2, &generator), folds = Self.divide(parts[0], 10, &generator)
    let truth = folder.path + "/test_ground_truth.json"
    if fileExists(truth) {
      let expected = Swift.Set((try JSON(path: truth).object ?? [:]).keys)
      guard expected == Swift.Set(parts[1].map(\.id)) else {
        throw FileFault.malformed(
          file: file, line: nil, found: "found questions whose split is not that of \(truth)",
          expected: "the 1,000 questions of PubMedQA in their original order")
      }
    }
    let ids = parts[1].map(\.id).sorted().joined(separator: "\n")
    guard questions.count != 1000 || sha256(of: ids) == Self.testDigest else {
      throw FileFault.malformed(
        file: file, line: nil, found: "found questions in another order, which divides them otherwise",
        expected: "PubMedQA's file as it is published, or its own pqal_fold0 and test_set.json")
    }
    return [folds.dropFirst().flatMap(\.self), folds[0], parts[1]].map { $0.map(\.record) }
  }

  /// Every part has the same share of each answer. Where the last would be smaller, each other gives it a question.
  private static func divide(
    _ questions: [Question], _ count: Int, _ generator: inout PythonRandom
  ) -> [[Question]] {
    var parts = [[Question]](repeating: [], count: count)
    for answer in ["yes", "no", "maybe"] {
      var own = questions.filter { $0.answer == answer }
      generator.shuffle(&own)
      let size = (own.count + count - 1) / count
      for part in 0..<count {
        let start = min(part * size, own.count)
        parts[part] += own[start..<(part == count - 1 ? own.count : min(start + size, own.count))]
      }
    }
    guard let last = parts.last?.count, last != parts[0].count else { return parts }
    for part in 0..<count - 1 where !parts[part].isEmpty {
      let picked = generator.below(parts[part].count)
      parts[count - 1].append(parts[part].remove(at: picked))
    }
    return parts
  }
}
