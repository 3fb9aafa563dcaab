/// Prediction from Swift: a base model in memory, with adapters that come and go.
import Datasets
import Files
import Kernels
import ModelHub
import Serving
import Synchronization
import Tasks
import Training

/// A base model and its adapters, by name. Adapters may be of any tasks and methods; inputs for different ones share a pass.
/// All methods may be called from several threads; passes are computed one after the other, each on all of the model's threads.
///
/// ```swift
/// let model = try BaseModel("checkpoints/biomed-mini-l3", adapters: ["drugs": "runs/quickstart"])
/// for entity in try model.predict("Nausea after 40 mg of Tolvaprine .", adapter: "drugs").entities {
///   print(entity.label, entity.text)
/// }
/// ```
public final class BaseModel: Sendable {
  /// The number format of the base's matrix products. Adapters and heads are in Float32.
  public enum Precision: String, Sendable { case fp32, bf16, int8 }

  let base: ServedBase
  let threads: Int
  private let members: Mutex<[String: Member]>
  private let replicas: Mutex<Replicas>

  /// - Parameters:
  ///   - path: a model's folder, its name on the Hub if it was downloaded, or the folder of a run: then its base, or the model that
  ///     it trained in full.
  ///   - adapters: folders of adapters or runs, by the names that they get here.
  ///   - anyBase: skip the check that the adapters were trained on this base.
  ///   - threads: default: the CPUs that this process may use. Predictions do not depend on it.
  /// - Throws: a fault that names the file, what was found and what was expected.
  public init(
    _ path: String, adapters: [String: String] = [:], precision: Precision = .fp32, anyBase: Bool = false,
    threads: Int? = nil
  ) throws {
    try Processor.initialize()
    let count = threads ?? Processor.count
    let folder = try RunParts.baseAndAdapter(modelFolder(path)).base
    base = try ServedBase(
      folder: folder, precision: InferencePrecision(rawValue: precision.rawValue) ?? .fp32, anyBase: anyBase,
      threads: count)
    self.threads = count
    members = Mutex([:])
    replicas = Mutex(Replicas(threads: count))
    for (name, folder) in adapters.sorted(by: { $0.key < $1.key }) { try load(name, from: folder) }
  }

  /// The names of the loaded adapters, sorted.
  public var adapters: [String] { members.withLock { $0.keys.sorted() } }

  /// Loads an adapter, or replaces the one of this name at once: a prediction has the old one or the new one.
  /// - Parameter folder: of an adapter or a run.
  /// - Throws: a fault that says what of the folder is damaged or does not fit; the adapters stay as they were.
  public func load(_ name: String, from folder: String) throws {
    let member = try base.load(name: name, folder: RunParts.adapter(folder))
    members.withLock { $0[name] = member }
  }

  /// Removes an adapter; its memory is free when the predictions that use it have ended.
  public func unload(_ name: String) { _ = members.withLock { $0.removeValue(forKey: name) } }

  /// The prediction for one input.
  /// - Parameter adapter: a loaded adapter's name; nil: the base with its own head.
  /// - Throws: as for several inputs.
  public func predict(_ input: Input, adapter: String? = nil) throws -> Prediction {
    try predict([(input, adapter)])[0]
  }

  /// The predictions for inputs, each by its own adapter, in one pass where memory allows.
  /// - Throws: `UnknownAdapter`; a fault that names the number of the input, from 1, that does not suit the adapter's task; or
  ///   one for a base without a head of its own.
  public func predict(_ requests: [(input: Input, adapter: String?)]) throws -> [Prediction] {
    var found: [String?: (member: Member, columns: InputColumns)] = [:]
    for name in Set(requests.map(\.adapter)) {
      let member = try member(name)
      found[name] = (member, InputColumns(member))
    }
    let rows = try requests.enumerated().map { index, request in
      guard let (member, columns) = found[request.adapter] else { preconditionFailure("an adapter was not looked up") }
      let record = try request.input.record(index + 1, columns)
      do { try member.recordTask.check(record) } catch let fault as TaskFault {
        throw PoolFault.record(member.folder, fault)
      }
      return (record: record, member: member)
    }
    return try replicas.withLock { replicas in try base.predict(rows, replicas.forEach) }.map {
      Prediction($0.prediction)
    }
  }

  private func member(_ name: String?) throws -> Member {
    guard let name else { return try base.own() }
    let (member, names) = members.withLock { ($0[name], $0.keys.sorted()) }
    guard let member else { throw UnknownAdapter(name: name, known: names) }
    return member
  }
}

/// A prediction was asked of an adapter that is not loaded.
public struct UnknownAdapter: Error, CustomStringConvertible {
  /// The name that was asked for, and those that are loaded.
  public let name: String, known: [String]
  /// A sentence for the user.
  public var description: String {
    "\"\(name)\" is not a loaded adapter; loaded: \(known.isEmpty ? "none" : known.joined(separator: ", "))."
  }
}
