/// A run on several ranks: what they cannot do, what must be equal on all of them, and what the others than rank 0 do.
import Checkpoints
import Encoders
import Files
import Kernels
import Recipes
import Training

/// Why a run cannot be divided among ranks.
package enum RankFault: Error, CustomStringConvertible {
  case teacherCache
  case keptCache
  case unequal(String, rank: Int, String, String)
  /// Lines of settings.
  case otherRecipe(rank: Int, [String])
  case noSnapshot(String, rank: Int)

  package var description: String {
    switch self {
    case .teacherCache:
      "distillation.cache: on several ranks each would cache the teachers' answers to other batches, and the result would depend "
        + "on the number of ranks. Set it to null, or start one process."
    case .keptCache:
      "training.keep_cache: several ranks cannot write one cache. Set it to false, or start one process."
    case .unequal(let what, let rank, let own, let other):
      "\(what): rank 0 has \(other), rank \(rank) has \(own). All ranks must have the same."
    case .otherRecipe(let rank, let differences):
      "The recipe of rank \(rank) is not that of rank 0. All ranks must have the same."
        + differences.map { "\n  " + $0 }.joined()
    case .noSnapshot(let path, let rank):
      "\(path): rank \(rank) cannot read the snapshot of rank 0. To resume, all ranks must see the output folder."
    }
  }
}

extension RunBuilder {
  /// - Throws: `RankFault` if the recipe has what several ranks cannot do.
  func checkRanks() throws(RankFault) {
    if communicator.size == 1 { return }
    if recipe.distillation?.cache != nil { throw .teacherCache }
    if recipe.training.caching.keep, recipe.training.caching.hiddenStates != .off { throw .keptCache }
  }
}

extension Run {
  /// Trains with rank 0, which alone reports and writes.
  /// - Parameter shouldStop: asked between steps and in evaluations; if true on any rank, all stop.
  /// - Throws: `RankFault`; the trainer's errors.
  package func follow(resume: Bool, shouldStop: () -> Bool) throws {
    try checkEqualRanks(resume: resume)
    _ = try hiddenStates?.open(for: model)
    defer { model.hiddenStateCache = nil }
    if resume {
      let path = replicas.communicator.broadcast("")
      if !path.isEmpty {
        guard let file = try? TensorFile(path: path), file.hasValidChecksum else {
          throw RankFault.noSnapshot(path, rank: replicas.communicator.rank)
        }
        try trainer.loadSnapshot(from: path, inputs: inputDigest, inputNames: inputNames)
      }
    }
    var failure: (any Error)?
    let result = try trainer.run(shouldStop: { failure != nil || shouldStop() }) { _ in
      do { try hiddenStates?.check() } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    if result.status == .interrupted { return }
    do { _ = try evaluateAtEnd(result.bestEvaluations, shouldStop) { _ in } } catch is EvaluationInterrupted {}
  }

  /// - Throws: `RankFault` on every rank if one has another program, recipe, input or CPU than rank 0: their weights would drift
  ///   apart.
  package func checkEqualRanks(resume: Bool) throws(RankFault) {
    let communicator = replicas.communicator
    if communicator.size == 1 { return }
    let recipes = communicator.gather(Array(recipe.json.text(pretty: false).utf8))
    if let other = recipes.firstIndex(where: { $0 != recipes[0] }) {
      let (own, others) = (parsed(recipes[0]), parsed(recipes[other]))
      throw .otherRecipe(rank: other, differences(from: own, to: others, names: ("rank 0 has", "rank \(other) has")))
    }
    let facts = [
      ("program", tuneVersion), ("--resume", resume ? "it" : "it not"), ("SHA-256 of the inputs", inputDigest),
      ("CPU", Processor.vectors), ("OpenBLAS core", Processor.blasCore),
      ("GEMM backend", GEMMBackend.selected.rawValue), ("step count", "\(trainer.steps)"),
    ]
    for (name, own) in facts {
      let all = communicator.gather(Array(own.utf8)).map { String(decoding: $0, as: UTF8.self) }
      if let other = all.firstIndex(where: { $0 != all[0] }) {
        throw .unequal(name, rank: other, all[other], all[0])
      }
    }
  }
}

private func parsed(_ recipe: [UInt8]) -> JSON { (try? JSON(parsing: .init(recipe), named: "recipe")) ?? .null }
