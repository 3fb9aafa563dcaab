import Encoders
/// Decides whether a run caches the hidden states below all trainable parameters, and explains why not. Does not
/// compute hidden states.
import Files
import FoundationEssentials
import Kernels
import Recipes
import Tasks
import Training

/// A hidden-state cache, and whether the run can do without it.
struct HiddenStateCachePlan {
  let cache: HiddenStateCache
  /// Bytes of the hidden states of the run's own data.
  let size: Int
  /// Whether a disk error ends the run.
  let isRequired: Bool

  /// Opens the file and sets the model's cache.
  /// - Returns: why the run continues without a cache, if the file cannot be opened and is not required.
  func open(for model: TextModel) throws -> String? {
    do throws(FileFault) {
      try cache.file.open(reserving: size)
    } catch {
      if isRequired { throw HiddenStateCacheFault.disk(error) }
      return "hidden states are not cached: \(error)"
    }
    model.hiddenStateCache = cache
    return nil
  }

  /// Throws if hidden states could not be written and the cache is required.
  func check() throws {
    if isRequired, let fault = cache.file.fault { throw HiddenStateCacheFault.disk(fault) }
  }
}

extension RunBuilder {
  /// The trainable parameters and the model's precision must be set.
  func makeHiddenStateCachePlan(
    _ model: TextModel, _ adapters: RowAdapters, _ setup: TaskSetup, _ objective: any Objective
  ) throws -> (plan: HiddenStateCachePlan?, notes: [String]) {
    let settings = recipe.training.caching, isRequired = settings.hiddenStates == .on
    if settings.hiddenStates == .off { return (nil, []) }
    let blocks = model.frozenBlockCount(adapters)
    if blocks == 0 {
      if isRequired { throw HiddenStateCacheFault.nothingFrozen }
      return (nil, [])
    }
    let states = model.headLayers.mixesStates ? blocks + 1 : 1
    let tokenSize = 4 * model.config.hiddenSize * states
    // The tokens of a large file are counted only if those that every sequence has do not suffice.
    let atLeast = 2 * setup.task.sequenceLengths.count * tokenSize
    let size =
      Double(atLeast) > settings.limit * 1e9
      ? atLeast : Split.allCases.reduce(0) { $0 + setup.task.tokens(in: $1) } * tokenSize
    if let fault = cachingFault(model, setup, objective, blocks: blocks, size: size) {
      if isRequired { throw fault }
      return (nil, fault.isNoted ? ["hidden states are not cached: \(fault)"] : [])
    }
    if !isRequired, let reason = changedResult(model, adapters, blocks) { return (nil, [reason]) }
    let folder = settings.folder ?? defaultCacheFolder(for: recipe.output)
    let cache = model.makeHiddenStateCache(below: blocks, adapters) { cacheFile("\(folder)/\($0)") }
    let layers =
      blocks == model.config.numHiddenLayers
      ? "all \(blocks) layers" : "the first \(blocks) of \(model.config.numHiddenLayers) layers"
    return (
      HiddenStateCachePlan(cache: cache, size: size, isRequired: isRequired),
      ["the hidden states of \(layers) are \(cacheNote(cache.file.path, size: size))"]
    )
  }

  /// Why hidden states cannot be cached in this run.
  private func cachingFault(
    _ model: TextModel, _ setup: TaskSetup, _ objective: any Objective, blocks: Int, size: Int
  ) -> HiddenStateCacheFault? {
    if let varying = setup.task.varyingInput { return .varyingInput(varying) }
    if objective.comparesHiddenStates(below: blocks, of: model) { return .comparesFrozenStates(blocks) }
    let limit = recipe.training.caching.limit
    return Double(size) > limit * 1e9 ? .tooLarge(size, limit: limit) : nil
  }

  /// Why the result would differ from that of a run without a cache.
  private func changedResult(_ model: TextModel, _ adapters: RowAdapters, _ blocks: Int) -> String? {
    if model.usesDropout(below: blocks, adapters) {
      return
        "the lowest \(blocks) layers are frozen, but their hidden states are not cached because dropout is applied "
        + "in them. Set training.cache_hidden_states to \"on\" to cache them without dropout, or model.dropout and "
        + "model.attention_dropout to 0 to train without any dropout"
    }
    guard GEMMBackend.selected == .blas else { return nil }
    return
      "the lowest \(blocks) layers are frozen, but their hidden states are not cached because with OpenBLAS a "
      + "sentence's rounding depends on its batch. Set training.cache_hidden_states to \"on\" to compute each sentence separately"
  }
}

/// `.tune-cache` beside the folder `output`.
private func defaultCacheFolder(for output: String) -> String {
  let path = output.split(separator: "/").dropLast().joined(separator: "/")
  let root = output.hasPrefix("/") ? "/" : ""
  return root + path + (path.isEmpty ? "" : "/") + ".tune-cache"
}

/// Why hidden states below all trainable parameters cannot be cached.
enum HiddenStateCacheFault: Error, CustomStringConvertible {
  case nothingFrozen
  case varyingInput(VaryingInput)
  case comparesFrozenStates(Int)
  case tooLarge(Int, limit: Double)
  case disk(FileFault)

  /// Whether a run with `"auto"` prints it.
  var isNoted: Bool { if case .tooLarge = self { true } else { false } }

  var description: String {
    switch self {
    case .nothingFrozen:
      "training.cache_hidden_states: there is no frozen layer below the lowest trainable parameter. "
        + "Train upper layers or the head only, and no new tokens, which are below all layers; or set it to \"auto\"."
    case .varyingInput(let varying):
      "training.cache_hidden_states: \(varying.cause) the hidden states change at every step. "
        + "\(varying.advice), or cache_hidden_states to \"auto\"."
    case .comparesFrozenStates(let blocks):
      "training.cache_hidden_states: distillation compares hidden states or attention of the lowest \(blocks) layers, "
        + "which are frozen. Choose higher layers in distillation.match_layers, or set cache_hidden_states to \"auto\"."
    case .tooLarge(let size, let limit):
      "training.cache_hidden_states: the hidden states take \(size >> 20) MB, but training.cache_limit_gb is \(limit). "
        + "Raise it, or set cache_hidden_states to \"auto\"."
    case .disk(let fault):
      "training.cache_hidden_states: \(fault) Choose another training.cache_folder, or set cache_hidden_states to "
        + "\"off\"."
    }
  }
}
