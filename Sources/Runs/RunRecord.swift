public import Files
import FoundationEssentials
import Glibc
/// What is known of one run: where it is, how it stands, and every setting and figure by name. All of it is in the run's
/// folder; only the sentence of a failure is not.
import Hashing

public struct RunRecord: Sendable, Equatable {
  /// The folder, relative to the working directory or absolute, as it was asked for.
  public let path: String
  /// "running", "completed", "stopped_early", "interrupted" (--resume goes on), or "failed".
  public let status: String
  /// When its recipe.json was written, in UTC: `2025-11-21T18:45:00Z`.
  public let started: String
  /// Why it failed, where that is known.
  public let why: String?
  /// recipe.json, and result.json as far as it belongs to it; `{}` where there is none.
  public let recipe, result: JSON
  /// When the two and the marker were written: a record with another stamp than the folder's is out of date.
  let stamp: String
  /// The leaves of recipe.json by key path, those of result.json too, with scores as `test.f1`, `dev.f1`; and `run`,
  /// `status`, `started`, `base` (the base model's name) and `recipe` (a fingerprint that runs share which differ by
  /// their seed alone).
  public let values: [String: JSON]

  init(path: String, status: String, started: String, why: String?, recipe: JSON, result: JSON, stamp: String) {
    (self.path, self.status, self.started, self.why) = (path, status, started, why)
    (self.recipe, self.result, self.stamp) = (recipe, result, stamp)
    values = Self.facts(path, status, started, recipe, result)
  }

  /// How a run stands, where its own process says so.
  public enum State: Sendable {
    case running
    case ended
    case failed(why: String)
  }

  /// Reads the run in `folder`.
  /// - Parameter state: nil: it is looked whether a process holds the folder.
  /// - Throws: `FileFault` where there is no recipe.json that can be read.
  public init(folder: String, state: State? = nil) throws {
    let recipe = try JSON(path: folder + "/recipe.json")
    // A run that replaces an earlier one leaves its result until it has its own; its marker says so.
    let isFinished = (try? readFile(folder + "/.tune-run"))?.isEmpty == true
    let result = isFinished ? try? JSON(path: folder + "/result.json") : nil
    let begun = Double(written(folder + "/recipe.json") / 1_000_000_000)
    let started = Date(timeIntervalSince1970: begun).formatted(.iso8601)
    var (status, why): (String, String?) = ("", nil)
    switch state ?? (isHeld(folder) ? .running : .ended) {
    case .running: status = "running"
    case .failed(let reason): (status, why) = ("failed", reason)
    case .ended: status = result?["status"]?.string ?? (hasSnapshot(folder) ? "interrupted" : "failed")
    }
    self.init(
      path: folder, status: status, started: started, why: why, recipe: recipe, result: result ?? [:],
      stamp: Self.stamp(of: folder))
  }

  static func stamp(of folder: String) -> String {
    ["recipe.json", "result.json", ".tune-run"].map { "\(written("\(folder)/\($0)"))" }.joined(separator: " ")
  }

  /// Whether a run has ever begun in `folder`.
  public static func isRun(_ folder: String) -> Bool {
    fileExists(folder + "/.tune-run") && fileExists(folder + "/recipe.json")
  }
}

extension RunRecord {
  private static func facts(
    _ path: String, _ status: String, _ started: String, _ recipe: JSON, _ result: JSON
  ) -> [String: JSON] {
    var facts = leaves(result)
    for (key, value) in facts where key.hasPrefix("metrics.") {
      facts[key] = nil
      facts[String(key.dropFirst("metrics.".count))] = value
    }
    facts.merge(leaves(recipe)) { _, recipe in recipe }
    facts["run"] = .string(path)
    facts["status"] = .string(status)
    facts["started"] = .string(started)
    facts["recipe"] = .string(fingerprint(recipe))
    if let base = recipe["model"]?["path"]?.string { facts["base"] = .string(lastPathComponent(base)) }
    return facts
  }

  /// Of what is computed, but for the seed.
  private static func fingerprint(_ recipe: JSON) -> String {
    var members = recipe.object ?? [:]
    for key in ["about", "seed", "output", "logging"] { members[key] = nil }
    // Eight digits are enough to tell a project's recipes apart.
    let hash = fnv1a(JSON.object(members).text(pretty: false))
    let digits = String(UInt32(truncatingIfNeeded: hash ^ hash >> 32), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// The leaves of an object by key path. A list is one leaf: of words, their text with commas between.
func leaves(_ json: JSON, at path: String = "") -> [String: JSON] {
  switch json {
  case .object(let members):
    members.reduce(into: [:]) { found, member in
      found.merge(leaves(member.value, at: joinKeyPath(path, member.key))) { first, _ in first }
    }
  case .array(let elements):
    [path: .string(elements.map { $0.string ?? $0.text(pretty: false) }.joined(separator: ","))]
  case .null: [:]
  default: [path: json]
  }
}

/// When a file was last written, in nanoseconds since 1970; 0: it is not there.
private func written(_ path: String) -> Int {
  var facts = stat()
  return stat(path, &facts) == 0 ? facts.st_mtim.tv_sec * 1_000_000_000 + facts.st_mtim.tv_nsec : 0
}

/// Whether a process runs in the folder: it has the marker locked as long as it lives.
private func isHeld(_ folder: String) -> Bool {
  let marker = open(folder + "/.tune-run", O_RDONLY | O_CLOEXEC)
  guard marker >= 0 else { return false }
  defer { close(marker) }
  return flock(marker, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
}

private func hasSnapshot(_ folder: String) -> Bool {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  return names.contains { $0.hasPrefix("snapshot") && !$0.contains(".tmp") }
}
