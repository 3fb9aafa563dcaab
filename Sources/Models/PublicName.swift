/// The name of a base model in published files.
import Files

/// The base's name on the Hub, where transformers and PEFT look for it, or else the folder's name; never a local path.
/// The name on the Hub is that of the Hub's cache (`models--org--name/snapshots/…`), or config.json's `_name_or_path`.
/// The latter may be the model that this one was made from, so it must contain the folder's name: "dmis-lab/biobert-v1.1"
/// for the folder "biobert-v1.1" or "biobert".
public func publicName(ofBase folder: String, _ config: ModelConfig) -> String {
  let parts = folder.split(separator: "/").map(String.init)
  if let cached = parts.last(where: { $0.hasPrefix("models--") }) {
    return String(cached.dropFirst("models--".count)).replacing("--", with: "/")
  }
  let name = lastPathComponent(folder)
  guard let source = config.json["_name_or_path"]?.string, isHubName(source),
    lastPathComponent(source).lowercased().contains(name.lowercased())
  else { return name }
  return source
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
