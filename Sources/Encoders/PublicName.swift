/// The name of a base model in published files.
import Files

/// The base's name on the Hub, where transformers and PEFT look for it, or else the folder's name; never a local path.
/// The name on the Hub is that of the Hub's cache (`models--org--name/snapshots/…`), of `tune download` (download.json),
/// or config.json's `_name_or_path`. The last may be the model that this one was made from, so it must contain the folder's name: "dmis-lab/biobert-v1.1"
/// for the folder "biobert-v1.1" or "biobert".
package func publicName(ofBase folder: String, _ config: ModelConfig) -> String {
  if let cached = nameInCache(folder) { return cached }
  let downloaded = (try? JSON(path: folder + "/download.json"))?["model"]?.string
  if let downloaded, isHubName(downloaded) { return downloaded }
  let name = lastPathComponent(folder)
  guard let source = config.json["_name_or_path"]?.string, isHubName(source),
    lastPathComponent(source).lowercased().contains(name.lowercased())
  else { return name }
  return source
}

/// The name on the Hub of a folder in the Hub's cache (`models--org--name/snapshots/…`).
package func nameInCache(_ folder: String) -> String? {
  folder.split(separator: "/").last { $0.hasPrefix("models--") }
    .map { String($0.dropFirst("models--".count)).replacing("--", with: "/") }
}

/// "name" or "organization/name".
private func isHubName(_ text: String) -> Bool {
  let parts = text.split(separator: "/", omittingEmptySubsequences: false)
  return (1...2).contains(parts.count)
    && parts.allSatisfy { part in
      part.first.map { $0.isLetter || $0.isNumber } == true
        && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }
}
