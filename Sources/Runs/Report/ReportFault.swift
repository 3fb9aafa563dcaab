/// Why a run has no report, or one without texts.

package enum ReportFault: Error, Equatable, CustomStringConvertible {
  case noRun(String)
  case noPredictions(run: String, split: String, found: [String])
  /// Data that are not those of the run.
  case changedData(run: String, file: String)
  case unknownData(run: String)
  case noTexts(run: String)

  package var description: String {
    switch self {
    case .noRun(let folder):
      "\(folder): not the folder of a run, as it has no recipe.json. Give the 'output' of a recipe; of a sweep or benchmark, the "
        + "folder of one of its runs."
    case .noPredictions(let run, let split, let found):
      "\(run): has no predictions on \(split). "
        + (found.isEmpty
          ? "It has none on dev or test; a run saves them when it ends."
          : "Expected --split \(found.joined(separator: " or ")).")
    case .changedData(let run, let file):
      "\(file): is not the file that \(run) was evaluated on (its SHA-256 is not the one in result.json), so that its texts may "
        + "belong to other predictions. Restore the file, or leave --show-text out."
    case .unknownData(let run):
      "\(run): result.json has no data_sha256, as of an older version, so that texts cannot be matched with predictions. Leave "
        + "--show-text out."
    case .noTexts(let run):
      "\(run): has no predictions, and so no texts to show. Leave --show-text out."
    }
  }
}
