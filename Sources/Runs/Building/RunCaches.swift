/// Where the caches of a run are, and how long they stay.
import Files
import Recipes

extension RunBuilder {
  func cacheFile(_ path: String) -> CacheFile {
    CacheFile(path, in: recipe.training.caching.keep ? nil : unnamedFiles)
  }

  /// What the user must know of the cache at `path`.
  func cacheNote(_ path: String, size: Int) -> String {
    let isKept = recipe.training.caching.keep, state = cacheFile(path).exists ? "existing" : "new"
    return "cached in \(isKept ? path : "a file without a name") (\(state) file, \(size >> 20) MB). "
      + "The cache holds the text of the data; it is "
      + (isKept ? "kept by training.keep_cache" : "deleted when the run or its sweep ends")
  }
}
