/// Reads tune.json: the task, labels and window limits that prediction needs besides the weights.
public import Files

public struct Sidecar: Sendable {
  /// The task that the weights were trained on, as in a recipe's `task.type`.
  public let task: String
  /// Labels of a token classifier's outputs; empty for masked language modeling.
  public let labels: [String]
  public let maxLength, stride: Int?
  /// SHA-256 of the base weights that the adapter was trained on.
  public let baseHash: String?
  public let json: JSON

  /// Returns nil if the folder has no tune.json, as for models and adapters from other tools.
  public init?(folder: String) throws {
    let file = folder + "/tune.json"
    guard fileExists(file) else { return nil }
    json = try JSON(path: file)
    if let format = json["format"], format != 1 {
      throw FileFault.malformed(
        file: file, line: nil, found: "format \(format.text(pretty: false))", expected: "format 1")
    }
    guard let task = json["task"]?.string, ["token_classification", "masked_lm"].contains(task) else {
      throw FileFault.malformed(
        file: file, line: nil, found: "task \(json["task"]?.text(pretty: false) ?? "missing")",
        expected: "\"token_classification\" or \"masked_lm\"")
    }
    self.task = task
    let labels = json["labels"]?.array?.compactMap(\.string) ?? []
    guard !labels.isEmpty || task == "masked_lm" else {
      throw FileFault.malformed(file: file, line: nil, found: "no 'labels'", expected: "the list of labels")
    }
    self.labels = labels
    maxLength = json["max_length"]?.int
    stride = json["stride"]?.int
    baseHash = json["base"]?["sha256"]?.string
  }
}
