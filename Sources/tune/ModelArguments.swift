/// Models and adapters as commands take them: by their folders, or by the folder of the run that trained them.
import ArgumentParser
import Files
import ModelHub
import Tasks

struct AdapterArgument: ExpressibleByArgument {
  let name, path: String

  /// FOLDER, whose last component is then the name, or NAME=FOLDER. Folders may have "=" in their names: an existing
  /// folder is not split; else the first "=" counts that an existing folder follows. A name has no "/".
  init?(argument: String) {
    let signs = fileExists(argument) ? [] : argument.indices.filter { argument[$0] == "=" }
    let splits = signs.map { (name: argument[..<$0], path: argument[argument.index(after: $0)...]) }
      .filter { !$0.name.isEmpty && !$0.path.isEmpty && !$0.name.contains("/") }
    if let found = splits.first(where: { fileExists(String($0.path)) }) ?? splits.first {
      (name, path) = (String(found.name), String(found.path))
    } else {
      guard signs.isEmpty || argument.contains("/"), let last = argument.split(separator: "/").last else { return nil }
      (name, path) = (String(last), argument)
    }
  }

  static var defaultCompletionKind: CompletionKind { .directory }
}

/// The base and the adapter that `model` stands for: a folder, a name on the Hub, or the folder of a run.
func baseAndAdapter(_ model: String) throws -> (base: String, adapter: String?) {
  try RunParts.baseAndAdapter(modelFolder(model))
}

/// The base that `model` stands for, and its adapter if it is the folder of a run; then the adapters of `given`.
func modelFolders(
  _ model: String, _ given: [AdapterArgument] = []
) throws -> (base: String, adapters: [(name: String, path: String)]) {
  let (base, adapter) = try baseAndAdapter(model)
  try RunParts.checkModel(base)
  noteUnfinished([model] + given.map(\.path))
  let own = adapter.map { [(name: lastPathComponent(model), path: $0)] } ?? []
  return (base, try own + given.map { ($0.name, try RunParts.adapter($0.path)) })
}

/// Says which of the given folders belong to runs that have not come to their end.
private func noteUnfinished(_ paths: [String]) {
  for sentence in paths.compactMap(RunParts.unfinished) { note("note: " + sentence) }
}

/// The one adapter of a command.
struct AdapterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The folder of an adapter or a run.", valueName: "folder"), completion: .directory)
  var adapter: [String] = []
  @Flag(help: "Skip the check that the adapter was trained on this base model.")
  var anyBase = false

  func validate() throws {
    if adapter.count > 1 { throw ValidationError("--adapter: expected one, found \(adapter.count).") }
  }

  /// The base that `model` stands for, and the adapter: that of the run, or the given one.
  func folders(of model: String) throws -> (base: String, adapter: String?) {
    let (base, own) = try baseAndAdapter(model)
    if own != nil, !adapter.isEmpty {
      throw ValidationError(
        "\(model) is the folder of a run with an adapter. Give its base model, or leave --adapter out.")
    }
    try RunParts.checkModel(base)
    noteUnfinished([model] + adapter)
    return (base, try own ?? adapter.first.map(RunParts.adapter))
  }
}
