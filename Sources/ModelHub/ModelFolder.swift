/// Finds the folder of a model that is given by a path or by its name on the Hub. Opens no connection.
import Files
import FoundationEssentials

/// The folder of the model `path`: the path itself if it exists or is no name on the Hub; else the folder that
/// `tune download` makes, else the model's snapshot of "main" in the Hub's cache.
/// - Throws: `ModelFolderFault` if none of them has the model, or not all of it.
package func modelFolder(_ path: String) throws -> String {
  guard !fileExists(path), let name = HubName(path) else { return path }
  let cache = try HubSettings().cache
  if let folder = try modelFolder(of: name, downloads: name.downloadFolder, cache: cache) { return folder }
  // "runs/x" in an existing folder "runs" is a path, and so is a name without an organization.
  if !path.contains("/") || isFolder(parentFolder(of: path)) { return path }
  throw ModelFolderFault.missing(name, cache: cache)
}

/// nil: neither the folder `downloads` nor the cache has the model.
func modelFolder(of name: HubName, downloads: String, cache: String) throws -> String? {
  if isFolder(downloads) {
    if isFolder(downloads + "/" + partialsFolder) { throw ModelFolderFault.unfinished(name, folder: downloads) }
    return downloads
  }
  return try CachedModel(name, in: cache)?.snapshot()
}

/// The folder in a model's folder that has the files which `tune download` has not finished.
package let partialsFolder = ".tune-download"

package enum ModelFolderFault: Error, Equatable {
  case missing(HubName, cache: String)
  case unfinished(HubName, folder: String)
  case partial(HubName, snapshot: String, missing: [String])
}

extension ModelFolderFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let name, let cache):
      "\(name): no such folder, and neither \(name.downloadFolder) nor the Hub's cache (\(cache)) has a model of this "
        + "name. 'tune download \(name)' downloads it if it is on the Hub."
    case .unfinished(let name, let folder):
      "\(folder): its download is not finished. 'tune download \(name)' continues it."
    case .partial(let name, let snapshot, let missing):
      "\(snapshot): this snapshot of \(name) in the Hub's cache is partial; missing: "
        + missing.joined(separator: ", ") + ". 'tune download \(name)' downloads all files."
    }
  }
}
