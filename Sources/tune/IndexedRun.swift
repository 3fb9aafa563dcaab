/// Tells the run index that a run began and how it ended.
import Files
import Runs

/// Does `body`, the run in `folder`, and writes its beginning, its end or its failure down in the index beside it.
func indexed<Result>(_ folder: String, _ body: () throws -> Result) throws -> Result {
  func write(_ state: RunRecord.State) { if let trouble = indexRun(folder, state) { note("note: " + trouble) } }
  write(.running)
  do {
    let result = try body()
    write(.ended)
    return result
  } catch {
    write(.failed(why: "\(error)"))
    throw error
  }
}
