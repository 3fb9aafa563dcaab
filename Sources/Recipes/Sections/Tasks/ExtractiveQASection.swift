/// "task": {"type": "extractive_qa", …}.
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
    fields.optional(
      "list_threshold", &decoding.listThreshold, .number(0...1000),
      "Least summed probability of an answer to a list question of BioASQ; else 0.42.")
    fields.optional(
      "negatives_per_positive", &negativesPerPositive, .number(0...),
      "Windows without the answer that are trained on, for each window with it; else all.")
  }
}
