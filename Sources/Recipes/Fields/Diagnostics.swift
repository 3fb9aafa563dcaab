/// Collects what reading a recipe finds: faults, given keys, unknown keys. Does not read.
public import Files

/// Shared by all `Fields` of one recipe.
final class Diagnostics {
  /// Whether paths in the recipe must exist.
  let checkFiles: Bool
  private(set) var faults: [RecipeFault] = []
  private var given: Set<String> = []
  private var unknown: [(path: String, key: String, valid: [String])] = []
  /// Every declared key of every section.
  private(set) var keys: [RecipeKey] = []

  init(checkFiles: Bool) { self.checkFiles = checkFiles }

  func report(_ fault: RecipeFault) { faults.append(fault) }
  func declare(_ key: RecipeKey) { keys.append(key) }
  func markGiven(_ path: String) { given.insert(path) }

  /// Whether the recipe has the key. True as well if its section is faulty, so that one mistake is reported once.
  func isGiven(_ path: String) -> Bool {
    given.contains(path) || faults.contains { path.hasPrefix("\($0.path).") }
  }

  func reportUnknown(_ key: String, at path: String, valid: [String]) { unknown.append((path, key, valid)) }

  /// Reports each unknown key with advice. Call it last: a key may belong to a section that is declared later.
  func adviseOnUnknownKeys() {
    for (path, key, valid) in unknown {
      if let name = renamedKeys[path] {
        report(.init(path, "unknown key", advice: "It was renamed to '\(name)'."))
        continue
      }
      if let near = mostLikelyKey(key, among: valid) {
        report(.init(path, "unknown key", advice: "Did you mean '\(near)'?"))
        continue
      }
      let elsewhere = keys.map(\.path).filter { $0.hasSuffix(".\(key)") || $0 == key }
      if !elsewhere.isEmpty {
        let names = elsewhere.map { "'\($0)'" }.joined(separator: " or ")
        report(.init(path, "unknown key", advice: "Did you mean \(names)?"))
      } else {
        report(.init(path, "unknown key", expected: "one of \(valid.sorted().joined(separator: ", "))"))
      }
    }
  }
}

/// The key that `word` most likely stands for: by spelling, or because one contains the other as whole words
/// (`lora_alpha` and `alpha`, `warmup` and `warmup_ratio`).
private func mostLikelyKey(_ word: String, among keys: [String]) -> String? {
  guard word.utf8.count <= 64 else { return nil }
  if let near = nearest(to: word, among: keys) { return near }
  let related = keys.filter { "_\(word)_".contains("_\($0)_") || "_\($0)_".contains("_\(word)_") }
  return related.max { ($0.count, $1) < ($1.count, $0) }
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
public struct RecipeKey: Sendable, Equatable {
  /// The key path, `training.warmup_ratio`.
  public let path: String
  /// The allowed values, in words.
  public let expected: String
  /// nil: the key has no default.
  public let defaultValue: JSON?
  public let isRequired: Bool
  /// A one-sentence description.
  public let about: String
}
