/// The snapshots of a run: a folder of files named by step, of which the newest few are kept. Each has a checksum; if
/// it does not match, the previous snapshot is used. Does not read or write their contents: `Trainer` does.
import Checkpoints
package import Files
import FoundationEssentials
import Glibc
import Training

/// A file that a run requires cannot be written.
package struct SaveFault: Error, CustomStringConvertible {
  package let fault: FileFault
  /// Bytes that the file needs, and free bytes on its disk; nil: unknown.
  package let needed, free: Int?
  /// The step from which `--resume` continues; nil: there is no snapshot yet.
  package let step: Int?

  package var description: String {
    let space = needed.map { " It needs \(megabytes($0))\(free.map { "; \(megabytes($0)) are free" } ?? "")." }
    let snapshot = step.map { "The snapshot of step \($0) is intact" } ?? "There is no snapshot yet"
    let isLimit = if case .unwritable(_, let why) = fault { why == reason(EFBIG) } else { false }
    let advice = isLimit ? "Raise the limit of file sizes (ulimit -f)" : "Free some disk space"
    return "\(fault)\(isLimit ? "" : space ?? "")\n\(snapshot). \(advice), then continue with --resume."
  }
}

/// 12,345,678 bytes as "12.3 MB".
package func megabytes(_ bytes: Int) -> String {
  let tenths = Int((Double(bytes) / 1e5).rounded(.up))
  return "\(tenths / 10).\(tenths % 10) MB"
}

struct Snapshots {
  let folder: String

  /// Steps of the existing snapshots, newest first.
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

  /// Writes a snapshot of `trainer`, then removes all but the newest `count`.
  /// - Parameters:
  ///   - inputs: the run's `inputDigest`.
  ///   - logged: the log's length in bytes.
  func save(_ trainer: Trainer, inputs: String, logged: Int, keeping count: Int) throws {
    try makeFolder(folder)
    try trainer.saveSnapshot(to: path(trainer.step), inputs: inputs, logged: logged)
    steps.dropFirst(count).forEach(remove)
  }

  /// Loads the newest intact snapshot into `trainer`; without one, `trainer` stays at step 0.
  /// - Returns: the file that was loaded, the log's length in bytes at that step, and messages for the user.
  func load(
    into trainer: Trainer, inputs: String, _ inputNames: [String]
  ) throws -> (path: String?, logged: Int, notes: [String]) {
    var notes: [String] = []
    for step in steps {
      if let file = try? TensorFile(path: path(step)), file.hasValidChecksum {
        let logged = try trainer.loadSnapshot(from: path(step), inputs: inputs, inputNames: inputNames)
        return (path(step), logged, notes + ["resuming after step \(step)"])
      }
      notes.append("\(path(step)) is damaged (its checksum does not match): skipped")
      remove(step)
    }
    return (nil, 0, notes + ["no snapshot to resume from: starting at step 0"])
  }

  /// Removes temporary files of a killed run.
  func clean() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where permanentName(name).flatMap(step) != nil {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  private func remove(_ step: Int) { try? FileManager.default.removeItem(atPath: path(step)) }
}
