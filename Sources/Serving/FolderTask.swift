/// Which task a folder's weights were trained for: by its tune.json, else by adapter_config.json or config.json.
import Adapters
package import Encoders
import Files
package import Tasks
import Tokenization

package struct FolderTask: Sendable {
  package let folder: String
  /// nil: the folder has no tune.json.
  package let settings: TuneJSON?
  package let inference: any TaskInference
  /// Tokens of a window; nil: the model's default.
  private let maxLength: Int?

  package var type: TaskType { TaskType(of: inference) }

  /// - Parameter base: the base model's folder, which may be the same.
  /// - Throws: `PoolFault.taskType` if tune.json and adapter_config.json contradict each other; faults of the files.
  package init(_ folder: String, base: String, _ config: ModelConfig) throws {
    self.folder = folder
    settings = try TuneJSON(folder: folder)
    let file = folder + "/adapter_config.json"
    if folder != base { try AdapterFormat.check(folder) }
    let found = folder == base ? nil : try JSON(path: file)["task_type"]?.string
    if let settings {
      (inference, maxLength) = (settings.task, settings.maxLength)
      let expected = Swift.type(of: inference).headType.peftTaskType
      if let found, found != expected {
        throw PoolFault.taskType(file, found, TaskType(of: inference), expected: expected)
      }
      return
    }
    let problem = config.json["problem_type"]?.string
    if folder == base, let problem, !TaskType.allCases.contains(where: { $0.inference.problemType == problem }) {
      throw PoolFault.problemType(folder, problem)
    }
    // The base's class says nothing about an adapter.
    let own = folder == base ? TaskType.architectures(of: config).first : nil
    let isEmbedding = folder == base && fileExists(base + "/modules.json")
    let type =
      try found.map { try Self.taskType(named: $0, problem, file) }
      ?? (isEmbedding ? .embedding : own ?? .tokenClassification)
    if type == .embedding {
      let stated = try SentenceTransformersFolder(base)
      inference = Embedding(stated?.pooling ?? Pooling())
      maxLength = stated?.maxLength.map { min($0, config.maxSequenceLength) }
      return
    }
    maxLength = nil
    do {
      inference = try type.inference.init(labels: config.labels)
    } catch let fault as TaskFault {
      throw PoolFault.record(folder, fault)
    }
  }

  /// The first task whose head has this `task_type` in PEFT, with the base's `problem_type` if a task has both.
  private static func taskType(named name: String, _ problem: String?, _ file: String) throws -> TaskType {
    let types = TaskType.allCases.filter { $0.inference.headType.peftTaskType == name }
    guard let type = types.first(where: { $0.inference.problemType == problem }) ?? types.first else {
      throw PoolFault.unknownTaskType(file, name)
    }
    return type
  }

  func makeTokenizer(_ tokenizer: any Tokenizer, _ config: ModelConfig, reserved: Int = 0) throws -> TextTokenizer {
    try TextTokenizer(
      tokenizer, config, maxLength: maxLength, stride: settings?.stride, reserved: reserved)
  }
}
