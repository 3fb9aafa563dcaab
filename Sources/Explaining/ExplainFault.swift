/// Errors of a model, a label or a method that do not go together.
package import Tasks

package enum ExplainFault: Error, CustomStringConvertible {
  case noOutput(folder: String, TaskType)
  case unknownLabel(String, known: [String])
  case labelsNeeded(TaskType)
  case virtualTokens(folder: String)
  case noMask(folder: String)

  package var description: String {
    switch self {
    case .noOutput(let folder, let task):
      "\(folder): was trained for \(task.rawValue), whose output is no sum of logits. Labels, entities, answers and numbers can "
        + "be explained."
    case .unknownLabel(let label, let known):
      "--label: expected one of \(known.map { "\"\($0)\"" }.joined(separator: ", ")), found \"\(label)\"."
    case .labelsNeeded(let task): "--label: \(task.rawValue) has no labels. Leave it out."
    case .virtualTokens(let folder):
      "\(folder): attention_rollout cannot be used with an adapter of virtual tokens, whose attention belongs to no word. Use "
        + "another --method."
    case .noMask(let folder):
      "\(folder): the tokenizer has no mask token, which stands for a word that is left out. Use --method integrated_gradients "
        + "or gradient_x_input, without --faithfulness."
    }
  }
}
