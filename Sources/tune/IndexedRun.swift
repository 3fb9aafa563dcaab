/// Records in the run index that a run began and how it ended.
import Files
import Runs

/// Executes `body`, the run in `folder`, and records its beginning and its end or failure in the index beside it.
/// An index that cannot be written is noted and does not affect the run.
func indexed<Result>(_ folder: String, _ body: () throws -> Result) throws -> Result {
  func record(_ state: RunRecord.State) { if let problem = indexRun(folder, state) { note("note: " + problem) } }
  record(.running)
  do {
    let result = try body()
    record(.ended)
    return result
  } catch {
    record(.failed(why: "\(error)"))
    throw error
  }
}
