/// The adapters of a server by name. A request gets the model of a name and keeps it; whoever replaces or removes an adapter
/// does so between two requests. Adapters that are not used are evicted, and loaded again when they are asked for.
import Synchronization

/// How many adapters may be in memory.
struct AdapterLimits: Sendable {
  var count = 1000
  /// Bytes of their files.
  var bytes = 1 << 30
}

final class AdapterRegistry<Model: Sendable>: Sendable {
  struct Adapter: Sendable {
    let name, folder: String
    /// Given on the command line: it is neither evicted nor unloaded.
    let isFixed: Bool
    /// The folder's files when they were read.
    let files: FolderFiles
    /// nil: evicted.
    fileprivate(set) var model: Model?
    /// Differs from that of every other load.
    fileprivate(set) var version: Int
    fileprivate var lastUse = 0

    var isLoaded: Bool { model != nil }
  }

  /// The model of a name at one moment.
  struct Lease: Sendable {
    let name: String
    let model: Model
    fileprivate let version: Int
  }

  private struct State {
    var adapters: [String: Adapter] = [:]
    /// Counts uses and loads.
    var count = 0
    var loads = 0, evictions = 0

    mutating func next() -> Int {
      count += 1
      return count
    }
  }

  private let limits: AdapterLimits
  private let loadModel: @Sendable (_ name: String, _ folder: String) throws -> Model
  private let state = Mutex(State())

  /// - Parameter load: reads an adapter; it may be called on any thread.
  init(_ limits: AdapterLimits, load: @escaping @Sendable (_ name: String, _ folder: String) throws -> Model) {
    (self.limits, loadModel) = (limits, load)
  }

  /// All adapters by name, also evicted ones.
  var adapters: [Adapter] { state.withLock { $0.adapters.values.sorted { $0.name < $1.name } } }
  /// How often an adapter was read, and how often one was evicted.
  var counts: (loads: Int, evictions: Int) { state.withLock { ($0.loads, $0.evictions) } }

  /// The adapter's model for a new request. Reads it again if it was evicted, so it may take a while.
  /// - Throws: `RequestFault` if there is none, or if it cannot be read.
  func lease(_ name: String) throws -> Lease {
    if let lease = try loadedLease(name) { return lease }
    guard let adapter = state.withLock({ $0.adapters[name] }) else { throw RequestFault.noModel(name) }
    let files = FolderFiles(adapter.folder)
    if files != adapter.files, files.areChanging {
      throw RequestFault.cannotLoad(name, ChangedWhileRead(folder: adapter.folder))
    }
    do { try load(name, adapter.folder, isFixed: false) } catch { throw RequestFault.cannotLoad(name, error) }
    guard let lease = try loadedLease(name) else { throw RequestFault.unloaded(name) }
    return lease
  }

  /// The adapter's model for a new request; nil: it was evicted.
  /// - Throws: `RequestFault` if there is no such adapter.
  func loadedLease(_ name: String) throws -> Lease? {
    try state.withLock { state in
      guard let adapter = state.adapters[name] else { throw RequestFault.noModel(name) }
      let use = state.next()
      state.adapters[name]?.lastUse = use
      return adapter.model.map { Lease(name: name, model: $0, version: adapter.version) }
    }
  }

  /// What the leases' names stand for at one moment: the same leases, or those of models that have replaced them. An evicted
  /// adapter is still the lease's own.
  /// - Throws: `RequestFault` if an adapter was removed.
  func renewed(_ leases: [Lease]) throws -> [Lease] {
    try state.withLock { state in
      try leases.map { lease in
        guard let adapter = state.adapters[lease.name] else { throw RequestFault.unloaded(lease.name) }
        guard let model = adapter.model, adapter.version != lease.version else { return lease }
        return Lease(name: lease.name, model: model, version: adapter.version)
      }
    }
  }

  /// Reads the adapter in `folder`, which then answers for `name`, also if another one did. On a fault nothing changes.
  func load(_ name: String, _ folder: String, isFixed: Bool) throws {
    // Before the load: a file that changes meanwhile is seen as changed.
    let files = FolderFiles(folder), model = try loadModel(name, folder)
    insert(name, folder, files, model, isFixed: isFixed)
  }

  /// Adds a model that is in memory already and stays there.
  func insertFixed(_ name: String, _ folder: String, _ model: Model) {
    insert(name, folder, FolderFiles(folder), model, isFixed: true)
  }

  private func insert(_ name: String, _ folder: String, _ files: FolderFiles, _ model: Model, isFixed: Bool) {
    state.withLock { state in
      var adapter = Adapter(
        name: name, folder: folder, isFixed: isFixed, files: files, model: model, version: state.next())
      adapter.lastUse = adapter.version
      state.adapters[name] = adapter
      state.loads += 1
      evict(&state, sparing: name)
    }
  }

  func contains(_ name: String) -> Bool { state.withLock { $0.adapters[name] != nil } }

  /// - Returns: the adapter that was removed; nil: there was none.
  @discardableResult func remove(_ name: String) -> Adapter? {
    state.withLock { $0.adapters.removeValue(forKey: name) }
  }

  /// Evicts the adapters that were not used for the longest time until the limits hold.
  private func evict(_ state: inout State, sparing name: String) {
    var loaded = state.adapters.values.filter { $0.isLoaded && !$0.isFixed }
    var bytes = loaded.reduce(0) { $0 + $1.files.bytes }, count = loaded.count
    loaded = loaded.filter { $0.name != name }.sorted { $0.lastUse < $1.lastUse }
    for adapter in loaded {
      if count <= limits.count && bytes <= limits.bytes { break }
      state.adapters[adapter.name]?.model = nil
      (count, bytes) = (count - 1, bytes - adapter.files.bytes)
      state.evictions += 1
    }
  }
}
