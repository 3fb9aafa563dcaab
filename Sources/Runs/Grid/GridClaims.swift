/// Divides the runs of a grid between processes on any number of machines that share its folder: a process claims a run
/// before it begins, and is alive as long as its claim changes.
import Dispatch
import Files
import FoundationEssentials
import Glibc
import Hashing
import Synchronization

/// The claims of one process.
///
/// A claim is a file that is linked into place, which one of several processes can do, on network file systems too. A thread
/// sets the file's time every few seconds. A claim whose process is gone from this machine is free at once; one of another
/// machine when its time has not changed for `patience`, measured here, so that clocks need not agree.
final class GridClaims {
  private let folder: String
  /// Longer than a network file system may show a file as it was, which is a minute by NFS's defaults.
  private static let patience = Duration.seconds(120)
  private let owner: ClaimOwner
  private let now: () -> ContinuousClock.Instant
  /// The claims of others, and since when they are as they were last seen.
  private var seen: [String: (state: ClaimState, since: ContinuousClock.Instant)] = [:]

  /// - Parameter folder: of the claims; made when the first claim is.
  init(
    folder: String, owner: ClaimOwner = .current, now: @escaping () -> ContinuousClock.Instant = { .now }
  ) {
    (self.folder, self.owner, self.now) = (folder, owner, now)
  }

  private func path(_ name: String) -> String {
    let flat = name.replacing("/", with: "%2F")
    return "\(folder)/" + (flat.utf8.count > 150 ? "\(flat.prefix(120))-\(String(fnv1a(name), radix: 16))" : flat)
  }

  /// Claims a run by its name.
  /// - Returns: nil if another process has it.
  /// - Throws: `FileFault` if the folder cannot be written.
  func claim(_ name: String) throws -> GridClaim? {
    try makeFolder(folder)
    let path = path(name), own = owner.nonced, temporary = "\(path).\(own.nonce).tmp"
    try writeFile(own.json.text(pretty: false) + "\n", to: temporary)
    defer { unlink(temporary) }
    if link(temporary, path) == 0 { return GridClaim(path: path, nonce: own.nonce) }
    if errno != EEXIST { throw FileFault.unwritable(path: path, why: reason(errno)) }
    guard let dead = abandoned(path) else { return nil }
    // Of several processes that find a claim abandoned, the one that makes this link replaces it.
    let successor = "\(path).\(dead).tmp"
    if link(temporary, successor) != 0 {
      // Whoever made it has had the time to go on.
      unlink(successor)
      seen[path] = nil
      return nil
    }
    defer { unlink(successor) }
    guard ClaimState(path)?.nonce == dead, rename(temporary, path) == 0 else { return nil }
    return GridClaim(path: path, nonce: own.nonce)
  }

  /// Whether another process that is alive, as far as is known, has claimed a run.
  func isClaimed(_ name: String) -> Bool {
    let path = path(name)
    return ClaimState(path) != nil && abandoned(path) == nil
  }

  /// The nonce of a claim without a process; nil: it has one, or there is no claim.
  private func abandoned(_ path: String) -> String? {
    guard let state = ClaimState(path) else { return nil }
    if let isAlive = state.owner?.isAlive(on: owner) { return isAlive ? nil : state.nonce }
    guard let last = seen[path], last.state == state else {
      seen[path] = (state, now())
      return nil
    }
    return now() - last.since > Self.patience ? state.nonce : nil
  }
}

/// A claim of this process, which it keeps until `release`.
final class GridClaim: Sendable {
  private static let heartbeat = DispatchTimeInterval.seconds(5)
  private let path, nonce: String
  /// The owner alone uses it.
  nonisolated(unsafe) private let timer: any DispatchSourceTimer
  private let lost = Mutex(false)

  fileprivate init(path: String, nonce: String) {
    (self.path, self.nonce) = (path, nonce)
    timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now() + Self.heartbeat, repeating: Self.heartbeat)
    timer.setEventHandler { [weak self] in self?.beat() }
    timer.resume()
  }

  /// Renews the claim.
  func beat() {
    if ClaimState(path)?.nonce == nonce { utimes(path, nil) } else { lost.withLock { $0 = true } }
  }

  /// Whether another process has taken it over, because this one stood still for longer than the others' patience.
  var isLost: Bool { lost.withLock { $0 } }

  func release() {
    timer.cancel()
    if ClaimState(path)?.nonce == nonce { unlink(path) }
  }

  deinit { timer.cancel() }
}

/// What a claim's file says.
private struct ClaimState: Equatable {
  let nonce: String
  let owner: ClaimOwner?
  let time: Int

  /// nil: there is no claim.
  init?(_ path: String) {
    // Opening it makes a network file system ask for its time.
    guard let json = try? JSON(path: path) else { return nil }
    (nonce, owner, time) = (json["nonce"]?.string ?? "", ClaimOwner(json), FileIdentity(path: path)?.modified ?? 0)
  }
}

/// A process, and the machine that it runs on.
struct ClaimOwner: Equatable, Sendable {
  let host: String
  /// Of the machine since its start, and of the process numbers on it.
  let machine: String
  let process: Int
  /// When the process began, in the machine's own count.
  let began: Int
  let nonce: String

  init(host: String, machine: String, process: Int, began: Int, nonce: String = "") {
    (self.host, self.machine, self.process, self.began, self.nonce) = (host, machine, process, began, nonce)
  }

  static var current: ClaimOwner {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, 255)
    let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let boot = (try? readText("/proc/sys/kernel/random/boot_id"))?.filter { !$0.isNewline } ?? ""
    let space = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    let process = Int(getpid())
    return ClaimOwner(host: host, machine: "\(boot) \(space)", process: process, began: start(of: process) ?? 0)
  }

  init?(_ json: JSON) {
    guard let host = json["host"]?.string, let machine = json["machine"]?.string, let process = json["process"]?.int,
      let began = json["began"]?.int, let nonce = json["nonce"]?.string
    else { return nil }
    self.init(host: host, machine: machine, process: process, began: began, nonce: nonce)
  }

  var nonced: ClaimOwner {
    ClaimOwner(
      host: host, machine: machine, process: process, began: began,
      nonce: String(UInt64.random(in: 1 << 52...(.max)), radix: 36))
  }

  var json: JSON {
    [
      "host": .string(host), "machine": .string(machine), "process": .int(process), "began": .int(began),
      "nonce": .string(nonce),
    ]
  }

  /// nil: it is on another machine.
  func isAlive(on other: ClaimOwner) -> Bool? {
    machine == other.machine && host == other.host ? Self.start(of: process) == began : nil
  }

  /// When a process of this machine began; nil: there is none with the number, or it has ended.
  private static func start(of process: Int) -> Int? {
    // The second field is the program's name in parentheses, which may have any characters.
    let fields = (try? readText("/proc/\(process)/stat"))?.split(separator: ")").last?.split(separator: " ")
    return fields.flatMap { $0.count > 19 && !["Z", "X"].contains($0[0]) ? Int($0[19]) : nil }
  }
}
