/// Whether an adapter's folder is complete and belongs to a base: the checks of `tune adapter verify`, without its scores.
import Adapters
import Checkpoints
import Encoders
import Files
import Tasks
import Tokenization

package struct AdapterVerification: Sendable {
  package enum Outcome: String, Sendable { case ok, failed = "FAILED", skipped }

  package struct Check: Sendable {
    package let name: String
    package let outcome: Outcome
    /// What was found; why it failed, or was skipped.
    package let detail: String

    package init(_ name: String, _ outcome: Outcome, _ detail: String) {
      (self.name, self.outcome, self.detail) = (name, outcome, detail)
    }
  }

  package private(set) var checks: [Check] = []
  /// The adapter, if it can be used with the base.
  package private(set) var member: Member?

  /// - Parameter base: made with `anyBase`.
  package init(_ folder: String, on base: ServedBase) {
    let method = attempt("config") {
      let method = try Adapter.method(in: folder)
      return (method, "\(type(of: method).peftType)")
    }
    let task = attempt("task") {
      let task = try FolderTask(folder, base: base.folder, base.config)
      return (task, "\(task.type.rawValue), by \(task.settings == nil ? "adapter_config.json" : "tune.json")")
    }
    if let task { checkBase(task, base) } else { skip(["base", "settings", "tokenizer"], "the task is not known") }
    let tokenizer = task.flatMap { checkTokenizer($0, base) }
    if method != nil, let task, let tokenizer {
      checkTensors(task, base, tokenizer)
    } else {
      skip(["tensors", "labels"], "a check before failed")
    }
  }

  private mutating func checkBase(_ task: FolderTask, _ base: ServedBase) {
    let name = publicName(ofBase: base.folder, base.config), recorded = task.settings?.base
    let recordedName = recorded?.name ?? task.recordedBaseName
    let names = "the recorded name is \(recordedName.map { "\"\($0)\"" } ?? "missing"), this base is \"\(name)\""
    switch recorded?.sha256 {
    case nil: checks.append(Check("base", .skipped, "no SHA-256 is recorded; " + names))
    case base.checkpoint.sha256?: checks.append(Check("base", .ok, "the same SHA-256; " + names))
    case let digest?:
      checks.append(Check("base", .failed, "SHA-256 \(base.checkpoint.sha256), recorded: \(digest); " + names))
    }
    compare(
      "settings", task.settings?.base?.config == nil ? nil : task.settings?.differences(of: base.config),
      same: "the base's are those recorded", missing: "no settings of the base are recorded")
  }

  private mutating func checkTokenizer(_ task: FolderTask, _ base: ServedBase) -> (any Tokenizer)? {
    do {
      let (tokenizer, identity) = try base.tokenizer(of: task)
      compare(
        "tokenizer", task.settings?.tokenizer == nil ? nil : task.settings?.differences(of: identity),
        same: "\(tokenizer.count) tokens, as recorded",
        missing: "none is recorded; this one has \(tokenizer.count) tokens")
      return tokenizer
    } catch {
      checks.append(Check("tokenizer", .failed, "\(error)"))
      return nil
    }
  }

  private mutating func checkTensors(_ task: FolderTask, _ base: ServedBase, _ tokenizer: any Tokenizer) {
    let loaded = attempt("tensors") {
      let model = try base.model(for: task, tokenizer), adapter = try Adapter(folder: task.folder, on: model)
      return ((adapter, model), "none is missing or left over; all shapes fit, all numbers are finite")
    }
    guard let (adapter, model) = loaded else { return skip(["labels"], "the check before failed") }
    member = attempt("labels") {
      let labels = task.inference.labels
      return (
        try base.member("adapter", task, adapter, on: model, tokenizer),
        labels.isEmpty ? "the task has none" : "\(labels.count) outputs: \(labels.joined(separator: ", "))"
      )
    }
  }

  private mutating func skip(_ names: [String], _ why: String) { checks += names.map { Check($0, .skipped, why) } }

  /// - Parameter differences: nil: nothing is recorded to compare with.
  private mutating func compare(_ name: String, _ differences: [String]?, same: String, missing: String) {
    guard let differences else { return skip([name], missing) }
    checks.append(
      differences.isEmpty
        ? Check(name, .ok, same) : Check(name, .failed, differences.joined(separator: "\n")))
  }

  /// Appends a check that is ok with the detail of `body`, or has failed with its error.
  private mutating func attempt<Value>(
    _ name: String, _ body: () throws -> (Value, String)
  ) -> Value? {
    do {
      let (value, detail) = try body()
      checks.append(Check(name, .ok, detail))
      return value
    } catch {
      checks.append(Check(name, .failed, "\(error)"))
      return nil
    }
  }
}

extension FolderTask {
  /// The base's name in adapter_config.json; nil: it has none.
  fileprivate var recordedBaseName: String? {
    let config = try? JSON(path: folder + "/adapter_config.json")
    return (config?["base_model_name_or_path"] ?? config?["model_name"])?.string
  }
}
