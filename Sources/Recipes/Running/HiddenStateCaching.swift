/// Decides whether a run keeps the states below all that learns, and says why not. Computes and keeps nothing itself.
import Files
import FoundationEssentials
import Kernels
import Models
import Tasks
import Training

/// Kept states, and what the run does where the disk does not want them.
struct HiddenStateCaching {
  let cache: HiddenStateCache
  /// Bytes that the run's own texts take.
  let size: Int
  /// Whether a run must not go on without them.
  let isRequired: Bool

  /// Opens the file and lets the model use it.
  /// - Returns: why the run does without, where it may.
  func open(for model: TextModel) throws -> String? {
    do throws(FileFault) {
      try cache.file.open(reserving: size)
    } catch {
      if isRequired { throw HiddenStateCacheFault.disk(error) }
      return "states are computed in every epoch: \(error)"
    }
    model.hiddenStateCache = cache
    return nil
  }

  /// Throws where states could not be kept, though the run has wished it.
  func check() throws {
    if isRequired, let fault = cache.file.fault { throw HiddenStateCacheFault.disk(fault) }
  }
}

extension RunBuilder {
  /// What learns must be known by now, and the model's precision.
  func makeHiddenStateCaching(
    _ model: TextModel, _ work: Work, _ objective: any Objective
  ) throws -> (states: HiddenStateCaching?, notes: [String]) {
    let caching = recipe.training.caching, isWished = caching.frozenStates == .on
    if caching.frozenStates == .off { return (nil, []) }
    let blocks = model.frozenBlockCount
    if blocks == 0 {
      if isWished { throw HiddenStateCacheFault.nothingFrozen }
      return (nil, [])
    }
    let size = Split.allCases.reduce(0) { $0 + work.task.tokens(in: $1) } * 4 * model.config.hiddenSize
    if let fault = obstacle(model, work, objective, blocks: blocks, size: size) {
      if isWished { throw fault }
      return (nil, fault.isWorthANote ? ["states are computed in every epoch: \(fault)"] : [])
    }
    if !isWished {
      if let reason = difference(model, blocks) { return (nil, [reason]) }
    }
    let states = model.makeHiddenStateCache(below: blocks, in: caching.folder ?? cacheFolder(beside: recipe.output))
    let tail = fileExists(states.file.path) ? "is there" : "is to be made"
    let layers =
      blocks == model.config.numHiddenLayers
      ? "all \(blocks) layers" : "the first \(blocks) of \(model.config.numHiddenLayers) layers"
    return (
      HiddenStateCaching(cache: states, size: size, isRequired: isWished),
      ["\(layers) are computed once: \(size >> 20) MB of states; \(states.file.path) \(tail)"]
    )
  }

  /// Why states cannot be kept at all.
  private func obstacle(
    _ model: TextModel, _ work: Work, _ objective: any Objective, blocks: Int, size: Int
  ) -> HiddenStateCacheFault? {
    if work.headType == .maskedLM && recipe.task.masking == .dynamic { return .dynamicMasks }
    if objective.compares(below: blocks, of: model) { return .comparesFrozenStates(blocks) }
    let limit = recipe.training.caching.limit
    return Double(size) > limit * 1e9 ? .tooLarge(size, limit: limit) : nil
  }

  /// What would be other than without kept states.
  private func difference(_ model: TextModel, _ blocks: Int) -> String? {
    if model.drawsDropout(below: blocks) {
      return "the lowest \(blocks) layers are frozen, and computed in every epoch because dropout is drawn in them. "
        + "training.cache_frozen_states \"on\" computes them once, without it; model.dropout and model.attention_dropout 0 do "
        + "without it everywhere"
    }
    guard GEMMBackend.selected == .blas else { return nil }
    return
      "the lowest \(blocks) layers are frozen, and computed in every epoch, since by OpenBLAS the last digits of a "
      + "sentence depend on its batch. training.cache_frozen_states \"on\" computes each sentence once, by itself"
  }
}

/// `.tune-cache` in the folder that `output` is in.
private func cacheFolder(beside output: String) -> String {
  let path = output.split(separator: "/").dropLast().joined(separator: "/")
  let root = output.hasPrefix("/") ? "/" : ""
  return root + path + (path.isEmpty ? "" : "/") + ".tune-cache"
}

/// Why states below all that learns cannot be kept.
enum HiddenStateCacheFault: Error, CustomStringConvertible {
  case nothingFrozen
  case dynamicMasks
  case comparesFrozenStates(Int)
  case tooLarge(Int, limit: Double)
  case disk(FileFault)

  /// Whether a run that has not wished it should hear of it.
  var isWorthANote: Bool { if case .tooLarge = self { true } else { false } }

  var description: String {
    switch self {
    case .nothingFrozen:
      "training.cache_frozen_states: there is no frozen layer below what learns. Let only upper layers learn, or the head, "
        + "or leave it \"auto\"."
    case .dynamicMasks:
      "training.cache_frozen_states: the masks are drawn anew at every step, and with them every state. "
        + "Set task.masking to \"static\", or leave it \"auto\"."
    case .comparesFrozenStates(let blocks):
      "training.cache_frozen_states: distillation compares states or attention of the lowest \(blocks) layers, which are frozen. "
        + "Let distillation.match_layers name higher ones, or leave it \"auto\"."
    case .tooLarge(let size, let limit):
      "training.cache_frozen_states: the states take \(size >> 20) MB, and training.cache_limit_gb is \(limit). "
        + "Raise it, or leave cache_frozen_states \"auto\"."
    case .disk(let fault):
      "training.cache_frozen_states: \(fault) Make room, give another training.cache_folder, or set it to \"off\"."
    }
  }
}
