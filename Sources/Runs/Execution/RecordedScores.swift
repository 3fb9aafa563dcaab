/// The scores that a run has recorded for its adapter, and the files that they were measured on.
import Checkpoints
package import Files
import Recipes
package import Tasks

package struct RecordedScores: Sendable {
  /// test, or dev if the run has no test data.
  package let split: Split
  /// By metric, as in result.json.
  package let metrics: JSON
  /// The split's files, by the recipe.
  package let files: [String]
  /// Their digests; nil: not recorded.
  package let digests: [String]?
  /// Whether result.json lacks the scores of test, although the recipe has test data.
  package let lacksTest: Bool
  /// Whether the split was only a part of the files.
  package let isPart: Bool

  /// - Parameters:
  ///   - adapter: the folder of the adapter, in that of its run.
  ///   - given: files whose scores are asked for: the split that they are the files of, if any.
  /// - Returns: nil if the folder is in no run, or if the run has no scores.
  /// - Throws: the errors of reading recipe.json and result.json.
  package init?(adapter folder: String, files given: [String] = []) throws {
    guard let run = RunParts.run(ofAdapter: folder), fileExists(run + "/result.json") else { return nil }
    let result = try JSON(path: run + "/result.json")
    let recipe = try Recipe.load(path: run + "/recipe.json", checkFiles: false)
    let name = recipe.multiTask == nil ? "" : lastPathComponent(folder)
    guard let part = recipe.parts.first(where: { $0.name == name }) else { return nil }
    func recorded(_ split: Split) -> JSON? { result["metrics"]?[split.rawValue]?.ofTask(name) }
    let all = recipe.dataPaths, found = result["data_sha256"]?.array?.compactMap(\.string) ?? []
    func files(_ split: Split) -> [String] { part.data.splits.first { $0.split == split }?.paths ?? [] }
    func digests(_ split: Split) -> [String]? {
      found.count == all.count ? files(split).compactMap { path in all.firstIndex(of: path).map { found[$0] } } : nil
    }
    let splits = [Split.test, .dev].filter { recorded($0) != nil }, sums = try given.map { try sha256(ofFile: $0) }
    guard let split = splits.first(where: { digests($0) == sums }) ?? splits.first, let metrics = recorded(split) else {
      return nil
    }
    (self.split, self.metrics, self.files, self.digests) = (split, metrics, files(split), digests(split))
    lacksTest = recorded(.test) == nil && part.data.splits.contains { $0.split == .test }
    let files = self.files
    let isFold = part.data.folds != nil && files == part.data.train
    isPart = isFold || split == .dev && part.data.maxDevExamples != nil
  }

  /// Whether these files have the recorded digests.
  package func areTheirs(_ files: [String]) throws -> Bool { try files.map { try sha256(ofFile: $0) } == digests }
}
