/// A run that replaces an earlier one is written into a hidden folder beside it, `.name.new`. When it is complete the two
/// are exchanged, the earlier run's files are removed, and files of other origin move to the new folder.
///
/// A killed program leaves one of three states, which the next run in the folder ends: an unfinished replacement, which
/// `--resume` continues and `--overwrite` discards; a replacement in place, and the earlier run in `.name.new`; and, where
/// the file system cannot exchange folders, only `.name.old`.
import Files
import Glibc
import Recipes

extension RunFolder {
  /// The absolute path of the output, without symbolic links, so that what a link refers to is replaced.
  private static func target(of output: String) -> String {
    let output = output.hasSuffix("/") ? String(output.dropLast()) : output
    if let path = canonicalPath(output) { return path }
    return (canonicalPath(parentFolder(of: output)) ?? parentFolder(of: output)) + "/" + lastPathComponent(output)
  }

  private static func sibling(of output: String, _ suffix: String) -> String {
    let target = target(of: output)
    return parentFolder(of: target) + "/." + lastPathComponent(target) + suffix
  }

  /// The folder of the run that will replace the one in `output`.
  static func replacement(of output: String) -> String { sibling(of: output, ".new") }

  private var target: String { Self.target(of: recipe.output) }
  private var aside: String { Self.sibling(of: recipe.output, ".old") }
  var replacement: String { Self.replacement(of: recipe.output) }

  /// Whether a replacement has begun and is not complete.
  var hasReplacement: Bool { Self.state(of: replacement) == .replacement }

  /// The result of the run in the output; nil: it is not finished.
  var result: JSON? {
    Self.state(of: recipe.output) == .unfinished ? nil : try? JSON(path: recipe.output + "/result.json")
  }

  /// Whether the latest run has failed.
  var hasFailed: Bool {
    let folder = hasReplacement ? replacement : recipe.output
    return (try? JSON(path: folder + "/result.json"))?["status"] == "failed"
  }

  static func isRun(_ folder: String) -> Bool { state(of: folder) != nil && fileExists(folder + "/recipe.json") }

  /// Renames the earlier run back if a replacement was killed between two steps.
  func recoverOutput() {
    if !fileExists(target), Self.isRun(aside) { rename(aside, target) }
  }

  /// A folder that is a mount point, or whose parent is read-only, shows that before the run and not after it.
  func checkReplaceable() throws {
    var (folder, parent) = (stat(), stat())
    let isSameDisk =
      stat(target, &folder) == 0 && stat(parentFolder(of: target), &parent) == 0
      && folder.st_dev == parent.st_dev
    if !isSameDisk {
      throw FileFault.unwritable(path: recipe.output, why: "a mount point cannot be replaced; use a folder in it")
    }
  }

  /// Removes an unfinished replacement, or the earlier run after a replacement.
  func discardReplacement() {
    removeFiles(in: replacement, movingOthersTo: target, isOwn: ownFiles(of: replacement))
  }

  /// Exchanges the complete run with the earlier one in its output. Does nothing for a run that replaces none.
  func replaceOutput() throws {
    guard path != recipe.output else { return }
    try exchangeFolders(path, target, aside: aside)
    syncFolder(of: target)
    path = recipe.output
    discardReplacement()
  }
}
