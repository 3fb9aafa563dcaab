/// What the folder of a run stands for where a model, an adapter or a recipe is expected. Does not read them.
import Files
import FoundationEssentials

/// The parts of a run's folder.
package struct RunParts: Sendable {
  /// Without a final slash.
  private let folder: String

  /// nil: `path` is not the folder of a run.
  package init?(_ path: String) {
    guard !path.isEmpty, fileExists(path + "/recipe.json") else { return nil }
    folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  package var recipe: String { folder + "/recipe.json" }
  private var adapter: String? { part("adapter", holding: "adapter_config.json") }
  private var model: String? { part("model", holding: "config.json") }

  private func part(_ name: String, holding file: String) -> String? {
    fileExists("\(folder)/\(name)/\(file)") ? "\(folder)/\(name)" : nil
  }

  /// The folders of the adapters, or models, of a run with several tasks; nil: it has one, or has saved none yet.
  private var tasks: [String]? {
    for (kind, file) in [("adapter", "adapter_config.json"), ("model", "config.json")] {
      let tasks = Self.folders(in: "\(folder)/\(kind)", holding: file)
      if !tasks.isEmpty { return tasks }
    }
    return nil
  }

  private static func folders(in path: String, holding file: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().map { "\(path)/\($0)" }.filter { fileExists("\($0)/\(file)") }
  }

  private var nothing: RunPartsFault { fileExists(folder + "/result.json") ? .incomplete(folder) : .nothingYet(folder) }

  /// The adapter that `path` stands for: that of a run, or `path` itself.
  package static func adapter(_ path: String) throws(RunPartsFault) -> String {
    guard let run = RunParts(path) else {
      if !fileExists(path + "/adapter_config.json"),
        case let folders = folders(in: path, holding: "adapter_config.json"), !folders.isEmpty
      {
        throw .severalAdapters(path, folders)
      }
      return path
    }
    guard let adapter = run.adapter else {
      if let tasks = run.tasks { throw .severalTasks(path, tasks) }
      throw run.model == nil ? run.nothing : .noAdapter(path)
    }
    return adapter
  }

  /// The folder of the run that an adapter's folder is in: RUN/adapter, or RUN/adapter/TASK; nil: it is in none.
  package static func run(ofAdapter folder: String) -> String? {
    guard let path = canonicalPath(folder) else { return nil }
    let adapter = [path, parentFolder(of: path)].first { lastPathComponent($0) == "adapter" }
    return adapter.map(parentFolder).flatMap { RunParts($0) == nil ? nil : $0 }
  }

  /// - Throws: `RunPartsFault` if the folder is an adapter, and no model.
  package static func checkModel(_ path: String) throws(RunPartsFault) {
    if fileExists(path + "/adapter_config.json"), !fileExists(path + "/config.json") { throw .isAdapter(path) }
  }

  /// That the run `path`, or the run whose adapter `path` is, has not come to its end; nil: it has, or there is no run.
  package static func unfinished(_ path: String) -> String? {
    guard let folder = RunParts(path)?.folder ?? run(ofAdapter: path) else { return nil }
    guard let result = try? JSON(path: folder + "/result.json") else {
      return "\(folder): this run has not ended; what it has saved so far is used"
    }
    guard result["status"] == "interrupted" else { return nil }
    return
      "\(folder): this run was interrupted after step \(result["steps"]?.int ?? 0); what it had saved by then is used. It "
      + "continues with: tune run \(folder) --resume"
  }

  /// The model that `path` stands for: the one that a run trained in full, or `path` itself.
  package static func model(_ path: String) throws(RunPartsFault) -> String {
    guard let run = RunParts(path) else { return path }
    guard let model = run.model else {
      if let tasks = run.tasks { throw .severalTasks(path, tasks) }
      throw run.adapter == nil ? run.nothing : .noModel(path)
    }
    return model
  }

  /// The base and the adapter that `path` stands for: those of a run, by its recipe; else `path` without an adapter.
  /// - Throws: `RunPartsFault`; the errors of reading the recipe.
  package static func baseAndAdapter(_ path: String) throws -> (base: String, adapter: String?) {
    guard let run = RunParts(path), run.model == nil else { return (try model(path), nil) }
    let adapter = try adapter(path), base = try JSON(path: run.recipe)["model"]?["path"]?.string ?? ""
    guard fileExists(base + "/config.json") else { throw RunPartsFault.noBase(path, base: base, adapter: adapter) }
    return (base, adapter)
  }
}

package enum RunPartsFault: Error, Equatable, CustomStringConvertible {
  case nothingYet(String)
  /// The run is finished, and what it saved is gone.
  case incomplete(String)
  case severalTasks(String, _ folders: [String])
  case severalAdapters(String, _ folders: [String])
  /// A folder of an adapter where a model is expected.
  case isAdapter(String)
  case noAdapter(String)
  case noModel(String)
  case noBase(String, base: String, adapter: String)

  package var description: String {
    switch self {
    case .nothingYet(let run):
      "\(run): this run has saved no adapter and no model yet. Continue it with: tune run \(run) --resume"
    case .incomplete(let run):
      "\(run): the run is finished (result.json), but neither adapter/adapter_config.json nor model/config.json is there. Restore "
        + "the file, or train again with: tune run \(run)/recipe.json --overwrite"
    case .severalTasks(let run, let folders):
      "\(run): this run trained several tasks. Give the folder of one: \(folders.joined(separator: ", "))."
    case .severalAdapters(let folder, let folders):
      "\(folder): has several adapters. Give one: \(folders.joined(separator: ", "))."
    case .isAdapter(let folder):
      "\(folder): is an adapter, which needs its base model: BASE --adapter \(folder), or the folder of its run."
    case .noAdapter(let run): "\(run): this run trained a model in full, \(run)/model, and has no adapter."
    case .noModel(let run):
      "\(run): this run trained an adapter and has no model of its own. 'tune merge \(run) --output FOLDER' makes one."
    case .noBase(let run, let base, let adapter):
      "\(run): its base model '\(base)' (by recipe.json, from the folder in which the run began) is not here. "
        + "Give the base and the adapter: BASE --adapter \(adapter)"
    }
  }
}
