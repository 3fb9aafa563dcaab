/// Which data files of a finished run have changed since.
import Checkpoints
public import Files
public import Recipes

/// Reads each file once, however many runs it belongs to.
public struct DataChanges {
  private var digests: [String: String] = [:]

  public init() {}

  /// The files of the recipe whose digests are not those in `result`, a run's result.json; none if it has none, as of older
  /// versions.
  public mutating func changed(since result: JSON, _ recipe: Recipe) throws -> [String] {
    let recorded = result["data_sha256"]?.array?.compactMap(\.string) ?? []
    guard recorded.count == recipe.dataPaths.count else { return [] }
    return try changed(Array(zip(recipe.dataPaths, recorded)))
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
