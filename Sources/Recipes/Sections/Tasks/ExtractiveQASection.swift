/// "task": {"type": "extractive_qa", …}, and its rule about the data.
import Datasets
import Tasks

extension ExtractiveQASettings: TaskSection {
  var content: RecordContent { .questions }

  mutating func declare(_ fields: Fields) {
    fields.field("n_best_size", &decoding.nBestSize, .int(1...), "Candidates for an answer that are kept.")
    fields.field("max_answer_length", &decoding.maxAnswerLength, .int(1...), "Longest answer, in tokens.")
    fields.optional(
      "version_2_with_negative", &version2WithNegative, .bool,
      "Whether questions may have no answer; else whether one of the training data has none.")
    fields.field(
      "null_score_diff_threshold", &decoding.nullScoreDiffThreshold, .number(-1000...1000),
      "No answer is predicted if its score is more than this above the best answer's.")
    if version2WithNegative == false, decoding.nullScoreDiffThreshold != 0 {
      fields.fault(
        fields.fullPath("null_score_diff_threshold"), "found \(plain(decoding.nullScoreDiffThreshold))",
        expected: "no value unless 'version_2_with_negative' is true or unset",
        advice: "Without it every question has an answer. Remove 'null_score_diff_threshold'.")
    }
    fields.optional(
      "list_threshold", &decoding.listThreshold, .number(0...1000),
      "Least summed probability of an answer to a list question of BioASQ; else 0.42.")
    fields.optional(
      "negatives_per_positive", &negativesPerPositive, .number(0...),
      "Windows without the answer that are trained on, for each window with it; else all.")
  }
}

extension Recipe.Data {
  /// Reports a threshold for lists that no question asks for.
  func checkListThreshold(_ fields: Fields, _ task: Recipe.Task) {
    guard let threshold = (task.settings as? ExtractiveQASettings)?.decoding.listThreshold,
      FormatType.formats(of: task.type).contains(type)
    else { return }
    let bioASQ = formatSection as? BioASQFormat
    if let bioASQ, bioASQ.questionTypes?.contains(.list) ?? true { return }
    fields.fault(
      fields.fullPath("").dropLast("data.".count) + "task.list_threshold", "found \(plain(threshold))",
      expected: bioASQ == nil
        ? "no value unless data.format is \"bioasq\", which has list questions"
        : "no value unless data.question_types has \"list\"",
      advice: "Remove 'task.list_threshold'.")
  }
}
