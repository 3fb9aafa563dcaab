/// `tune predict` for questions in SQuAD's or BioASQ's JSON: a line of output for each question, and the answers in a file.
import ArgumentParser
import Datasets
import Encoders
import Files
import Serving
import Tasks

extension PredictCommand {
  /// Questions that are answered, and printed, at a time.
  private static var batch: Int { 64 }

  /// - Returns: false if the input is not a file of questions, or the model does not answer them.
  func answerQuestions(_ pool: AdapterPool, _ predictor: Predictor) throws -> Bool {
    guard let records = try questions(for: pool) else {
      if predictions == nil { return false }
      throw ValidationError(
        "--predictions: expected a model that answers questions, and a file of SQuAD's or BioASQ's JSON (.json).")
    }
    if predictions != nil, pool.members.count > 1 {
      throw ValidationError("--predictions: holds the answers of one adapter; \(pool.members.count) are given.")
    }
    var answers: [(Record, Prediction)] = []
    for start in stride(from: 0, to: records.count, by: Self.batch) {
      let part = Array(records[start..<min(start + Self.batch, records.count)])
      let results = try predictor.predict(part.map { [Record](repeating: $0, count: pool.members.count) })
      let rows = part.enumerated().map { index, record in
        var row: [String: JSON] = ["id": .string(record.id), "question": .string(record.texts[0])]
        row.merge(members(of: results.map { $0[index] }, pool)) { $1 }
        answers.append((record, results[0][index].prediction))
        return JSON.object(row).text(pretty: false)
      }
      try emit(rows.joined(separator: "\n"))
    }
    if let predictions {
      let isSQuAD = pool.members[0].answersQuestions && records.allSatisfy { $0.exactAnswer == nil }
      let json = isSQuAD ? squadAnswers(answers) : submission(answers)
      try writeFile(json.text() + "\n", to: predictions)
    }
    return true
  }

  private func questions(for pool: AdapterPool) throws -> [Record]? {
    guard file.hasSuffix(".json") || file.hasSuffix(".json.gz") else { return nil }
    if pool.members[0].answersQuestions { return try readQuestions(file) }
    let readsYesNo = pool.members.allSatisfy { $0.settings?.data?["format"] == "bioasq" }
    return readsYesNo ? try BioASQFormat().reading(.labeledTexts)?.questions(in: file, isLabeled: false) : nil
  }
}

/// An object of answers by id, which SQuAD's script reads.
private func squadAnswers(_ answers: [(Record, Prediction)]) -> JSON {
  .object(Dictionary(answers.map { ($0.id, .string($1.answerText)) }) { $1 })
}

/// The exact answers in the form of BioASQ, which its evaluation program reads.
private func submission(_ answers: [(Record, Prediction)]) -> JSON {
  let questions = answers.map { record, prediction -> JSON in
    let answer: JSON =
      if case .label(let label, _) = prediction { .string(label) } else {
        .array(prediction.mergedAnswers.map { [.string($0.text)] })
      }
    let type = record.exactAnswer?.kind.rawValue ?? "yesno"
    return ["id": .string(record.id), "type": .string(type), "exact_answer": answer]
  }
  return ["questions": .array(questions)]
}

extension Prediction {
  fileprivate var answerText: String { if case .answer(let answer) = self { answer.text } else { "" } }
}
