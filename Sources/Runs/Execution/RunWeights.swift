/// Saves a run's adapter in PEFT's format or its model as a Hub folder, with tune.json. The model card is in `RunCard`.
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Recipes
import Tasks
import Tokenization

extension Run {
  /// The base model's name for published files, without its path on this machine.
  var baseName: String {
    guard recipe.model.initialization == .checkpoint, let path = recipe.model.path else { return recipe.model.name }
    return publicName(ofBase: path, model.config)
  }

  /// Writes `adapter/` or `model/` into the folder at `path`; those of several tasks into folders of their names.
  func saveWeights(to path: String, _ result: JSON, _ last: LastEvaluation?) throws {
    if parts.count == 1 { return try saveOwnWeights(to: path, result, last) }
    for run in byTask { try run.saveOwnWeights(to: "\(path)/\(run.name)", result, last) }
  }

  private func saveOwnWeights(to path: String, _ result: JSON, _ last: LastEvaluation?) throws {
    try makeFolder(path)
    if let adapter {
      try adapter.save(to: path, base: baseName, head: model.headType)
      if adapter.tokenRows != nil { try saveTokenizer(to: path) }
    } else {
      try model.save(
        to: path, labels: setup.labels, problemType: type(of: setup.inference).problemType, as: recipe.saveDtype)
      try saveTokenizer(to: path)
      try (setup.inference as? Embedding)?.sentenceTransformersFolder(tokenizer).write(
        to: path, hiddenSize: model.config.hiddenSize)
    }
    try tuneJSON.write(to: path)
    try writeFile(card(result, last).text, to: path + "/README.md")
  }

  private func saveTokenizer(to path: String) throws {
    try tokenizer.tokenizer.save(to: path, hasTokenTypes: model.config.family.architecture.hasTokenTypes)
  }

  /// Bytes of the saved weights, which are nearly all of the folder.
  var checkpointSize: Int {
    parts.reduce(0) { sum, part in
      let parameters = part.adapter?.trainable ?? part.model.parameters
      return sum + (part.adapter == nil ? recipe.saveDtype.size : 4) * parameters.reduce(0) { $0 + $1.count }
    }
  }

  /// What inference requires in addition to PEFT's files.
  private var tuneJSON: TuneJSON {
    var file = TuneJSON(task: setup.inference)
    (file.maxLength, file.stride) = (tokenizer.maxLength, tokenizer.stride)
    file.base = .init(name: baseName, sha256: baseHash, parameters: baseParameters, config: baseSettings)
    file.precision = recipe.precision.rawValue
    file.data = recipe.data.formatJSON(scheme: setup.tagScheme)
    var settings = tokenizer.tokenizer.identity.object ?? [:]
    // The files of a saved model say it themselves; an adapter is used with those of its base.
    if adapter != nil { settings["lowercase"] = recipe.model.lowercase.map(JSON.bool) }
    file.tokenizer = .object(settings)
    file.recipe = withoutPaths(recipe.json)
    return file
  }

  private var baseParameters: Int { model.parameters.reduce(0) { $0 + $1.count } }
}
