/// Collects what reading a recipe finds: faults, given keys, unknown keys. Does not read.
package import Files

/// Shared by all `Fields` of one recipe.
final class Diagnostics {
  /// Whether paths in the recipe must exist.
  let checkFiles: Bool
  private(set) var faults: [RecipeFault] = []
  private var given: Set<String> = []
  /// Why a key does not count as given.
  private var reasons: [String: String] = [:]
  private var unknown: [(path: String, key: String, valid: [String])] = []
  /// Every declared key of every section.
  private(set) var keys: [RecipeKey] = []

  init(checkFiles: Bool) { self.checkFiles = checkFiles }

  func report(_ fault: RecipeFault) { faults.append(fault) }
  func declare(_ key: RecipeKey) { keys.append(key) }
  func markGiven(_ path: String) { given.insert(path) }

  func mark(_ path: String, given isGiven: Bool, because reason: String?) {
    if isGiven { given.insert(path) } else { given.remove(path) }
    reasons[path] = reason
  }

  /// Why a key that the recipe has does not count as given.
  func reason(_ path: String) -> String? { reasons[path] }

  /// Whether the recipe has the key. True as well if its section is faulty, so that one mistake is reported once.
  func isGiven(_ path: String) -> Bool {
    given.contains(path) || faults.contains { path.hasPrefix("\($0.path).") }
  }

  func reportUnknown(_ key: String, at path: String, valid: [String]) { unknown.append((path, key, valid)) }

  /// Reports each unknown key with advice. Call it last: a key may belong to a section that is declared later.
  func adviseOnUnknownKeys() {
    if unknown.isEmpty { return }
    let allKeys = Set(keys.map(\.path)).union(Recipe.keys.map(\.path))
    for (path, key, valid) in unknown {
      if let name = renamedKeys[path] {
        report(.init(path, "unknown key", advice: "It was renamed to '\(name)'."))
        continue
      }
      let elsewhere = paths(named: key, among: allKeys)
      if let name = mostLikelyKey(key, in: path.dropLast(key.count), among: valid, elsewhere) {
        report(.init(path, "unknown key", advice: "Did you mean \(name)?"))
      } else {
        report(.init(path, "unknown key", expected: "one of \(valid.sorted().joined(separator: ", "))"))
      }
    }
  }
}

/// The key that `word` most likely stands for: a key of that name in another section, the same setting in another tool's
/// words, a key with nearly the same name, or one of two that contain each other as whole words (`lora_alpha` and
/// `alpha`, `warmup` and `warmup_ratio`).
/// - Parameter section: where it is, `method.`.
private func mostLikelyKey(
  _ word: String, in section: Substring, among keys: [String], _ elsewhere: [String]
) -> String? {
  guard word.utf8.count <= 64 else { return nil }
  if !elsewhere.isEmpty { return oneOf(elsewhere.map { "'\($0)'" }) }
  if let setting = keyHints[word.lowercased()] {
    return "'\(setting.hasPrefix(section) ? setting.dropFirst(section.count) : setting[...])'"
  }
  let related = keys.filter { "_\(word)_".contains("_\($0)_") || "_\($0)_".contains("_\(word)_") }
  let near = nearest(to: word, among: keys) ?? related.max { ($0.count, $1) < ($1.count, $0) }
  return near.map { "'\($0)'" }
}

/// The key path of a value, and where faults found there are reported.
struct FieldLocation {
  let path: String
  let diagnostics: Diagnostics

  func below(_ key: String) -> FieldLocation { FieldLocation(path: "\(path).\(key)", diagnostics: diagnostics) }

  func fault(_ found: String, expected: String?, advice: String? = nil) {
    diagnostics.report(RecipeFault(path, found, expected: expected, advice: advice))
  }

  func wrong(_ json: JSON, expected: String, advice: String? = nil) {
    fault("found \(json.shown)", expected: expected, advice: advice)
  }
}

/// One key of a recipe, for help texts and documentation.
package struct RecipeKey: Sendable, Equatable {
  /// The key path, `training.warmup_ratio`.
  package let path: String
  /// The allowed values, in words.
  package let expected: String
  /// nil: the key has no default.
  package let defaultValue: JSON?
  package let isRequired: Bool
  /// A one-sentence description.
  package let about: String
}
