/// Records the state of a run in the index, and finds all runs below a folder. The index only saves time: if it cannot
/// be used, the run folders are read.
import Files
import FoundationEssentials
import Glibc

/// Records the state of the run in `folder` in the index beside it.
/// - Returns: a note for the user if that failed, which does not affect the run.
package func indexRun(_ folder: String, _ state: RunRecord.State) -> String? {
  do {
    guard let path = canonicalPath(folder) else { return "the run index was not updated: \(folder) is not a folder" }
    let name = lastPathComponent(path)
    let parent = String(path.dropLast(name.count + 1))
    try RunIndex(of: parent.isEmpty ? "/" : parent).update([RunRecord(folder: path, state: state)])
    return nil
  } catch {
    return "the run index was not updated (\(error)); 'tune runs' will read the run's folder"
  }
}

/// Of folders in which runs are searched: those of a benchmark are four levels below its own.
private let maxDepth = 8

/// All runs below `folder`, unordered.
/// - Parameters:
///   - rescan: whether to read every run folder instead of the index.
///   - note: called with a message for each index or run that could not be read.
package func findRuns(under folder: String, rescan: Bool = false, note: (String) -> Void) -> [RunRecord] {
  var records: [RunRecord] = []
  search(folder, depth: maxDepth) { parent, names in records += runs(names, in: parent, rescan, note) }
  return records
}

/// The runs that `folder` stands for: itself, or the runs in it, those of a sweep in the sweep's order, others by name;
/// if there is none, all runs below it, such as those of a benchmark.
/// - Throws: `FileFault` if it is not a folder or contains no run.
package func runFolders(_ folder: String) throws -> [String] {
  if fileExists(folder + "/recipe.json") { return [folder] }
  guard fileExists(folder) else { throw FileFault.missing(path: folder) }
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  let runs = names.filter { !$0.hasPrefix(".") && RunRecord.isRun(join(folder, $0)) }.sorted()
  if runs.isEmpty {
    var below: [String] = []
    search(folder, depth: maxDepth) { parent, names in below += names.map { join(parent, $0) } }
    if !below.isEmpty { return below }
    throw FileFault.malformed(file: folder, line: nil, found: "found no run", expected: "a run, or a folder of runs")
  }
  let cells = (try? JSON(path: folder + "/sweep.json"))?["runs"]?.array?.compactMap { $0["name"]?.string } ?? []
  let planned = cells.filter(runs.contains)
  return (planned + runs.filter { !planned.contains($0) }).map { join(folder, $0) }
}

/// Calls `body` with each folder that contains runs, and their names. Does not search inside run folders.
private func search(_ folder: String, depth: Int, _ body: (String, [String]) -> Void) {
  let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
  let runs = names.filter { RunRecord.isRun(join(folder, $0)) }
  if !runs.isEmpty { body(folder, runs.sorted()) }
  guard depth > 1 else { return }
  for name in Set(names).subtracting(runs).sorted() { search(join(folder, name), depth: depth - 1, body) }
}

private func join(_ folder: String, _ name: String) -> String {
  folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
}

private func runs(_ names: [String], in folder: String, _ rescan: Bool, _ note: (String) -> Void) -> [RunRecord] {
  var index: RunIndex?
  var indexed: [String: RunRecord] = [:]
  do {
    index = try RunIndex(of: folder)
    indexed = try index?.records() ?? [:]
  } catch {
    note("\(folder): the run index cannot be used (\(error)); reading the run folders")
  }
  var updated: [RunRecord] = []
  let records = names.compactMap { name -> RunRecord? in
    let path = join(folder, name)
    // A killed run is still "running" in the index, so a running one is always read again.
    if !rescan, let old = indexed[name], old.status != "running", old.stamp == RunRecord.stamp(of: path) { return old }
    do {
      let record = try RunRecord(folder: path)
      updated.append(record)
      return record
    } catch {
      note("skipped: \(error)")
      return nil
    }
  }
  let removed = Set(indexed.keys).subtracting(names)
  if !updated.isEmpty || !removed.isEmpty {
    do { try index?.update(updated, removed: removed.sorted()) } catch {
      note("\(folder): the run index was not updated (\(error))")
    }
  }
  return records
}
