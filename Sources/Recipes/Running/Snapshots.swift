/// The snapshots of a run: a folder of files named by their step, the newest few of which are kept. Each is sealed, so
/// that a damaged one is seen and the one before it serves. Does not know what is in them: `Trainer` does.
import Checkpoints
public import Files
import FoundationEssentials
import Training

/// Something that a run must keep cannot be written.
public struct SaveFault: Error, CustomStringConvertible {
  public let fault: FileFault
  /// Bytes that it would take, and that are free on that disk; nil: not known.
  public let wanted, free: Int?
  /// The step that `--resume` goes on from; nil: there is no snapshot yet.
  public let step: Int?

  public var description: String {
    let room = wanted.map { " It takes \(megabytes($0))\(free.map { ", of which \(megabytes($0)) are free" } ?? "")." }
    let left = step.map { "The snapshot of step \($0) is intact" } ?? "There is no snapshot yet"
    return "\(fault)\(room ?? "")\n\(left). Make room on that disk, then go on with --resume."
  }
}

/// 12,345,678 bytes as "12.3 MB".
func megabytes(_ bytes: Int) -> String {
  let tenths = Int((Double(bytes) / 1e5).rounded(.up))
  return "\(tenths / 10).\(tenths % 10) MB"
}

struct Snapshots {
  let folder: String

  /// Steps of the snapshots that are there, the newest first.
  var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap(step).sorted(by: >)
  }

  func path(_ step: Int) -> String {
    let digits = String(step)
    return "\(folder)/step-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).safetensors"
  }

  private func step(_ name: String) -> Int? {
    guard name.hasPrefix("step-"), name.hasSuffix(".safetensors") else { return nil }
    return Int(name.dropFirst("step-".count).dropLast(".safetensors".count))
  }

  /// Writes the one of `trainer`'s step, then lets go of all but the newest `count`.
  func save(_ trainer: Trainer, inputs: String, logged: Int, keeping count: Int) throws {
    try makeFolder(folder)
    try trainer.saveSnapshot(to: path(trainer.step), inputs: inputs, logged: logged)
    steps.dropFirst(count).forEach(remove)
  }

  /// Puts `trainer` where the newest whole snapshot was taken, or leaves it at its start where there is none.
  /// - Returns: bytes of the log by then, and what a person should know.
  func load(into trainer: Trainer, inputs: String) throws -> (logged: Int, notes: [String]) {
    var notes: [String] = []
    for step in steps {
      if let file = try? SafetensorsFile(path: path(step)), file.hasValidChecksum {
        return (try trainer.loadSnapshot(from: path(step), inputs: inputs), notes + ["goes on after step \(step)"])
      }
      notes.append("\(path(step)) is damaged, its bytes are not those that were written: it is passed over")
      remove(step)
    }
    return (0, notes + ["there is no snapshot to resume from: the run starts at step 0"])
  }

  /// Removes what a writer left that was killed.
  func clean() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.contains(".tmp-") {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  private func remove(_ step: Int) { try? FileManager.default.removeItem(atPath: path(step)) }
}
