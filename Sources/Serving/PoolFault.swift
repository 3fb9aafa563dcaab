/// Errors where a model and adapters cannot be used together.
import Encoders
package import Tasks

package enum PoolFault: Error, CustomStringConvertible {
  case noHead(String)
  case noLabels(adapter: String, TaskType, classes: Int)
  case labelCount(adapter: String, labels: Int, classes: Int)
  case missingWeights(adapter: String, [String])
  case noTokens(adapter: String, id: Int, Int)
  case differentBase(adapter: String, base: String, [String])
  case duplicateName(String)
  case differentInputs([(folder: String, task: TaskType)])
  case unknownHead(String)
  case taskType(String, String, TaskType, expected: String?)
  case unknownTaskType(String, String)
  case noRecords(String, TaskType)
  case problemType(String, String)
  case record(String, TaskFault)

  package var description: String {
    switch self {
    case .noHead(let path):
      "\(path): this model has no trained head for this task. Give an adapter: --adapter FOLDER."
    case .noLabels(let adapter, let task, let classes):
      "\(adapter): has no tune.json, and the base's config.json does not name \(classes) labels. Add tune.json with "
        + "{\"format\": \(TuneJSON.format), \"task\": {\"type\": \"\(task.rawValue)\", \"labels\": [...]}} "
        + "(docs/formats.md has the other keys)."
    case .labelCount(let adapter, let labels, let classes):
      "\(adapter): tune.json names \(labels) labels, but the classifier has \(classes) classes."
    case .missingWeights(let adapter, let names):
      "\(adapter): neither the adapter nor its base has \(names.joined(separator: ", ")), so the head would be random. "
        + "PEFT saves such a layer only if 'modules_to_save' names it. Train the adapter again with it."
    case .noTokens(let adapter, let id, let count):
      "\(adapter): it trains the token \(id), but its tokenizer has \(count) tokens. Save the tokenizer with the new tokens in "
        + "the adapter's folder (save_pretrained)."
    case .differentBase(let adapter, let base, let differences):
      "\(adapter): was trained on another base than \(base) (by tune.json), which has"
        + differences.map { "\n  \($0)" }.joined()
        + "\nIts predictions would be meaningless. Give the base that it was trained on, or --any-base."
    case .differentInputs(let folders):
      folders.map { "\($0.folder) was trained for \($0.task.rawValue). " }.joined()
        + "Questions about a context and texts are different inputs; use adapters that read the same."
    case .unknownHead(let folder):
      "\(folder): the weights have a CRF, an LSTM or a scalar mix, and there is no tune.json that says so. Restore the folder's tune.json."
    case .taskType(let file, let found, let task, let expected):
      "\(file): 'task_type' is \"\(found)\", but tune.json says \(task.rawValue), which is "
        + "\(expected.map { "\"\($0)\"" } ?? "null"). Do the two files belong together?"
    case .unknownTaskType(let file, let found):
      "\(file): 'task_type' is \"\(found)\"; supported: "
        + Set(TaskType.allCases.compactMap { $0.inference.headType.peftTaskType }).sorted().map { "\"\($0)\"" }.joined(
          separator: ", ") + "."
    case .noRecords(let path, let task):
      "\(path): was trained for \(task.rawValue), which has no predictions for single texts. Fine-tune it first: use it, "
        + "or the adapter's base, as a recipe's 'model.path'. 'tune eval' scores it on text."
    case .problemType(let folder, let type):
      "\(folder)/config.json: 'problem_type' is \(type); expected "
        + TaskType.allCases.compactMap { $0.inference.problemType }.map { "\"\($0)\"" }.joined(separator: ", ") + "."
    case .record(let folder, let fault): "\(folder): \(fault)"
    case .duplicateName(let name):
      "Two adapters are named \"\(name)\". Give one of them another name: --adapter NAME=FOLDER."
    }
  }
}
