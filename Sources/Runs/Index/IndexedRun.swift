/// Records in the run index that a run began and how it ended.
import Training

/// Executes `body`, the run in `folder`, and records its beginning and its end or failure in the index beside it.
/// - Parameter note: called with a message if the index cannot be written, which does not affect the run.
package func indexed<Result>(_ folder: String, note: (String) -> Void, _ body: () throws -> Result) throws -> Result {
  func record(_ state: RunRecord.State) { indexRun(folder, state).map(note) }
  record(.running)
  do {
    let result = try body()
    record(.ended)
    return result
  } catch let fault as SnapshotFault {
    record(.ended)  // as it was before
    throw fault
  } catch {
    record(.failed(why: "\(error)"))
    throw error
  }
}
