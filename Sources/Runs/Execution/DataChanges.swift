/// Which of a finished run's data files, and whether its base, have changed since.
import Checkpoints
package import Files
package import Recipes

/// Reads each file once, however many runs it belongs to.
package struct DataChanges {
  private var digests: [String: String] = [:]

  package init() {}

  /// The base and the files of the recipe whose digests are not those in `result`, a run's result.json; none if it has none, as
  /// of older versions.
  package mutating func changed(since result: JSON, _ recipe: Recipe) throws -> [String] {
    var changed: [String] = []
    if let recorded = result["base_sha256"]?.string, let base = recipe.model.path,
      try weightsDigest(of: base) != recorded
    {
      changed.append(base)
    }
    let recorded = result["data_sha256"]?.array?.compactMap(\.string) ?? []
    guard recorded.count == recipe.dataPaths.count else { return changed }
    return try changed + self.changed(Array(zip(recipe.dataPaths, recorded)))
  }

  private mutating func weightsDigest(of model: String) throws -> String {
    let digest = try digests[model] ?? Checkpoint(folder: model).sha256
    digests[model] = digest
    return digest
  }

  /// The files whose digests are others.
  mutating func changed(_ files: [(path: String, digest: String)]) throws -> [String] {
    try files.compactMap { path, digest in try self.digest(of: path) == digest ? nil : path }
  }

  /// The file's SHA-256, which does not change while this value lives.
  mutating func digest(of path: String) throws -> String {
    let digest = try digests[path] ?? sha256(ofFile: path)
    digests[path] = digest
    return digest
  }
}

extension Recipe {
  /// The data files of all tasks, in the order of result.json's `data_sha256`.
  var dataPaths: [String] { parts.flatMap(\.data.files).flatMap(\.paths) }
}
