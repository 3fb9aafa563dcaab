/// The licence of a model, as its model card states it.
import Files

/// From the metadata of README.md in the model's folder, or from the list of known base models.
/// - Returns: "apache-2.0"; nil: it is not stated.
package func licence(ofModel name: String, in folder: String) -> String? {
  if let card = try? readText(folder + "/README.md"), let licence = statedLicence(card) { return licence }
  return KnownBase.all.first { $0.name == name && $0.licence != "not known" }?.licence
}

/// `license` in the YAML at the beginning of a model card, or `license_name` if that says "other".
func statedLicence(_ card: String) -> String? {
  let lines = card.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  guard lines.first == "---" else { return nil }
  let metadata = lines.dropFirst().prefix { $0 != "---" }
  func value(_ key: String) -> String? {
    guard let index = metadata.firstIndex(where: { $0.hasPrefix(key + ":") }) else { return nil }
    func plain(_ text: some StringProtocol) -> String { String(text).filter { !"\"'[] ".contains($0) } }
    let own = plain(metadata[index].dropFirst(key.count + 1))
    if !own.isEmpty { return own }
    // A list, one licence a line.
    let items = metadata[(index + 1)...].prefix { $0.drop { $0 == " " }.hasPrefix("- ") }
    return items.isEmpty ? nil : items.map { plain($0.drop { $0 == " " || $0 == "-" }) }.joined(separator: ", ")
  }
  let licence = value("license")
  return licence == "other" ? value("license_name") ?? licence : licence
}
