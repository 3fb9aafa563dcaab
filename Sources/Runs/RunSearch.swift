/// Runs on the disk: writing down how one stands, and finding all below a folder. The index saves time and nothing else:
/// where it fails, the folders are read.
import Files
import FoundationEssentials
import Glibc

/// Writes down in the index beside `folder` how the run there stands.
/// - Returns: what a user should be told where that failed. A run is none the worse for it.
public func indexRun(_ folder: String, _ state: RunRecord.State) -> String? {
  do {
    guard let path = canonicalPath(folder) else { return "the run index was left out: \(folder) is no folder" }
    let name = lastPathComponent(path)
    let parent = String(path.dropLast(name.count + 1))
    try RunIndex(of: parent.isEmpty ? "/" : parent).update([RunRecord(folder: path, state: state)])
    return nil
  } catch {
    return "the run index was left out (\(error)); 'tune runs' will read the folder itself"
  }
}

/// All runs below `folder`, in no order.
/// - Parameters:
///   - rescan: reads every run's folder, whatever the index says.
///   - note: hears in words of an index or a run that could not be read.
public func findRuns(under folder: String, rescan: Bool = false, note: (String) -> Void) -> [RunRecord] {
  var found: [RunRecord] = []
  search(folder, depth: 4) { parent, names in found += runs(names, in: parent, rescan, note) }
  return found
}

/// Calls `body` with each folder that runs lie in, and their names. A run's own folder is not looked into.
private func search(_ folder: String, depth: Int, _ body: (String, [String]) -> Void) {
  let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
  let runs = names.filter { RunRecord.isRun(join(folder, $0)) }
  if !runs.isEmpty { body(folder, runs.sorted()) }
  guard depth > 1 else { return }
  for name in Set(names).subtracting(runs).sorted() { search(join(folder, name), depth: depth - 1, body) }
}

private func join(_ folder: String, _ name: String) -> String { folder == "." ? name : "\(folder)/\(name)" }

private func runs(_ names: [String], in folder: String, _ rescan: Bool, _ note: (String) -> Void) -> [RunRecord] {
  var index: RunIndex?
  var known: [String: RunRecord] = [:]
  do {
    index = try RunIndex(of: folder)
    known = try index?.records() ?? [:]
  } catch {
    note("\(folder): the run index cannot be used (\(error)); reading the folders themselves")
  }
  var fresh: [RunRecord] = []
  let records = names.compactMap { name -> RunRecord? in
    let path = join(folder, name)
    // A run that was killed could not say so.
    if !rescan, let old = known[name], old.status != "running", old.stamp == RunRecord.stamp(of: path) { return old }
    do {
      let record = try RunRecord(folder: path)
      fresh.append(record)
      return record
    } catch {
      note("left out: \(error)")
      return nil
    }
  }
  let gone = Set(known.keys).subtracting(names)
  if !fresh.isEmpty || !gone.isEmpty {
    do { try index?.update(fresh, gone: gone.sorted()) } catch {
      note("\(folder): the run index stays as it was (\(error))")
    }
  }
  return records
}
