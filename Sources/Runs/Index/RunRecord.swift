import Encoders
/// The record of one run: its folder, its status, and every setting and result by name. It is read from the run's
/// folder; only the reason of a failure is not there.
package import Files
import FoundationEssentials
import Glibc
import Hashing

package struct RunRecord: Sendable, Equatable {
  /// The run's folder, absolute or relative to the working directory, as the caller gave it.
  package let path: String
  /// "running", "completed", "stopped_early", "interrupted" (can be resumed with --resume), or "failed".
  package let status: String
  /// When recipe.json was written, in UTC: `2025-11-21T18:45:00Z`.
  package let started: String
  /// Why it failed, if that is known.
  package let why: String?
  /// recipe.json with shortened paths, and the result.json that belongs to it; `{}` if there is none. An unfinished run
  /// has the scores of its best evaluation on dev so far, from its log.
  package let recipe, result: JSON
  /// Modification times of the two files and the marker. A record whose stamp differs from the folder's is out of date.
  let stamp: String
  /// The leaves of recipe.json and result.json by key path, with scores as `test.f1`, `dev.f1`; and `run`, `status`,
  /// `started`, `base` (the base model's name) and `recipe` (a fingerprint, equal for runs that differ only in the
  /// seed).
  package let values: [String: JSON]

  init(path: String, status: String, started: String, why: String?, recipe: JSON, result: JSON, stamp: String) {
    (self.path, self.status, self.started, self.why) = (path, status, started, why)
    (self.recipe, self.result, self.stamp) = (recipe, result, stamp)
    values = Self.values(path, status, started, recipe, result)
  }

  /// The state of a run, as its own process reports it.
  package enum State: Sendable {
    case running
    /// Its result.json is written, and it is not marked as finished yet.
    case ending
    case ended
    case failed(why: String)
  }

  /// Reads the run in `folder`.
  /// - Parameter state: nil: the run is running if a process has locked the folder.
  /// - Throws: `FileFault` if recipe.json cannot be read.
  package init(folder: String, state: State? = nil) throws {
    let state = state ?? (RunFolder.isLocked(folder) ? .running : .ended)
    // A run that will replace an earlier one is still beside it.
    let replacement = RunFolder.replacement(of: folder)
    let isBeside = if case .running = state { RunFolder.state(of: replacement) == .replacement } else { false }
    let current = isBeside ? replacement : folder
    let recipe = try JSON(path: current + "/recipe.json")
    let isEnding = if case .ending = state { true } else { false }
    let isUnfinished = isBeside || RunFolder.state(of: folder) == .unfinished && !isEnding
    let result = isUnfinished ? nil : try? JSON(path: folder + "/result.json")
    let seconds = Double(modificationTime(current + "/recipe.json") / 1_000_000_000)
    let started = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    var (status, why): (String, String?) = ("", nil)
    switch state {
    case .running: status = "running"
    case .failed(let reason): (status, why) = ("failed", withoutPaths(reason, of: recipe))
    case .ending, .ended: status = result?["status"]?.string ?? (hasSnapshot(folder) ? "interrupted" : "failed")
    }
    self.init(
      path: folder, status: status, started: started, why: why, recipe: withoutPaths(recipe),
      result: withLoggedScores(result ?? [:], recipe, current + "/metrics.jsonl"), stamp: Self.stamp(of: folder))
  }

  static func stamp(of folder: String) -> String {
    ["recipe.json", "result.json", ".tune-run"].map { "\(modificationTime("\(folder)/\($0)"))" }.joined(separator: " ")
  }

  /// Whether a run was started in `folder`.
  package static func isRun(_ folder: String) -> Bool {
    fileExists(folder + "/.tune-run") && fileExists(folder + "/recipe.json")
  }
}

extension RunRecord {
  private static func values(
    _ path: String, _ status: String, _ started: String, _ recipe: JSON, _ result: JSON
  ) -> [String: JSON] {
    var values = leaves(result)
    for (key, value) in values where key.hasPrefix("metrics.") {
      values[key] = nil
      // The recipe has the window as `data.max_length` and `data.pack`.
      if key.split(separator: ".").dropFirst(2).first == "window" { continue }
      values[String(key.dropFirst("metrics.".count))] = value
    }
    values.merge(leaves(recipe)) { _, recipe in recipe }
    values["run"] = .string(path)
    values["status"] = .string(status)
    values["started"] = .string(started)
    values["recipe"] = .string(fingerprint(recipe))
    if let base = recipe["model"]?["path"]?.string {
      values["base"] = .string(nameInCache(base) ?? lastPathComponent(base))
    }
    return values
  }

  /// A hash of the settings that determine the result, except the seed.
  private static func fingerprint(_ recipe: JSON) -> String {
    var members = recipe.object ?? [:]
    for key in ["about", "seed", "output", "logging"] { members[key] = nil }
    // Eight digits are enough to distinguish the recipes of a project.
    let hash = fnv1a(JSON.object(members).text(pretty: false))
    let digits = String(UInt32(truncatingIfNeeded: hash ^ hash >> 32), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// `result` with the best evaluation in the run's log at `path`, or the last one if none is marked as the best, where it has
/// no score on dev.
private func withLoggedScores(_ result: JSON, _ recipe: JSON, _ path: String) -> JSON {
  guard result["metrics"]?["dev"] == nil, let log = try? readText(path) else { return result }
  let evaluations = log.split(separator: "\n").filter { $0.contains("\"evaluation\"") }
    .compactMap { try? JSON(parsing: Data($0.utf8), named: path) }
    .filter { $0["event"] == "evaluation" && $0["split"] == "dev" }
  guard let best = evaluations.last(where: { $0["is_best"] == true }) ?? evaluations.last else { return result }
  var members = result.object ?? [:]
  members["metrics"] = .object((result["metrics"]?.object ?? [:]).merging(["dev": best["metrics"] ?? [:]]) { $1 })
  if let metric = recipe["training"]?["metric_for_best_model"]?.string, best["is_best"] == true {
    members["best"] = [
      "epoch": best["epoch"] ?? .null, "step": best["step"] ?? .null, "metric": .string(metric),
      "value": best["metrics"]?[metric] ?? .null,
    ]
  }
  return .object(members)
}

/// The leaves of an object by key path. A list is one leaf: its elements, joined by commas.
func leaves(_ json: JSON, at path: String = "") -> [String: JSON] {
  switch json {
  case .object(let members):
    members.reduce(into: [:]) { values, member in
      values.merge(leaves(member.value, at: joinKeyPath(path, member.key))) { first, _ in first }
    }
  case .array(let elements):
    [path: .string(elements.map { $0.string ?? $0.text(pretty: false) }.joined(separator: ","))]
  case .null: [:]
  default: [path: json]
  }
}

/// When a file was last written, in nanoseconds since 1970; 0 if it is missing.
private func modificationTime(_ path: String) -> Int { FileIdentity(path: path)?.modified ?? 0 }

private func hasSnapshot(_ folder: String) -> Bool {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  return names.contains { $0.hasPrefix("snapshot") && !$0.contains(".tmp") }
}
