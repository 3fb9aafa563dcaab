/// `tune predict` for questions in SQuAD's JSON: a line of output for each question, and the answers by id in a file.
import ArgumentParser
import Datasets
import Files
import Models
import Serving
import Tasks

extension PredictCommand {
  /// Questions that are answered, and printed, at a time.
  private static var batch: Int { 64 }

  /// - Returns: false if the input is not SQuAD's JSON, or the model does not answer questions.
  func answerQuestions(_ pool: AdapterPool, _ predictor: Predictor) throws -> Bool {
    let isSQuAD = file.hasSuffix(".json") || file.hasSuffix(".json.gz")
    guard isSQuAD, pool.model.headType == .questionAnswering else {
      if predictions == nil { return false }
      throw ValidationError(
        "--predictions: expected a model that answers questions, and a file of SQuAD's JSON (.json).")
    }
    if predictions != nil, pool.members.count > 1 {
      throw ValidationError("--predictions: holds the answers of one adapter; \(pool.members.count) are given.")
    }
    let records = try readSQuAD(file)
    var answers: [String: JSON] = [:]
    for start in stride(from: 0, to: records.count, by: Self.batch) {
      let part = Array(records[start..<min(start + Self.batch, records.count)])
      let results = try predictor.predict(part)
      let rows = part.enumerated().map { index, record in
        var row: [String: JSON] = ["id": .string(record.id), "question": .string(record.texts[0])]
        row.merge(members(of: results.map { $0[index] }, pool)) { $1 }
        if case .answer(let answer) = results[0][index].prediction { answers[record.id] = .string(answer.text) }
        return JSON.object(row).text(pretty: false)
      }
      try emit(rows.joined(separator: "\n"))
    }
    if let predictions { try writeFile(JSON.object(answers).text() + "\n", to: predictions) }
    return true
  }
}
