/// The folder whose subfolders are the server's adapters: one that appears, changes or goes is loaded, replaced or removed
/// without a call. Adapters under it that a request has loaded are followed in the same way.
import Files
import Logging
import Synchronization
import Tasks

final class AdapterFolder<Model: Sendable>: Sendable {
  private struct State {
    /// What the last scan has seen, by adapter, of folders that are not loaded as they are.
    var seen: [String: FolderFiles] = [:]
    /// Folders that are not loaded until they change: they cannot be read, or a request has unloaded them.
    var ignored: [String: FolderFiles] = [:]
  }

  let path: String
  private let registry: AdapterRegistry<Model>
  private let logger: Logger
  /// Names that no adapter may have.
  private let reserved: Set<String>
  private let state = Mutex(State())

  init(_ path: String, _ registry: AdapterRegistry<Model>, reserved: Set<String>, _ logger: Logger) {
    (self.path, self.registry, self.reserved, self.logger) = (path, registry, reserved, logger)
  }

  /// Compares the folder with the registry. A folder is loaded when two scans have seen the same files, so that none is read
  /// while it is written.
  /// - Parameter isFirst: load what is there at once.
  func scan(isFirst: Bool = false) {
    let adapters = registry.adapters, fixed = Set(adapters.lazy.filter(\.isFixed).map(\.name))
    let known = Dictionary(uniqueKeysWithValues: adapters.lazy.filter { !$0.isFixed }.map { ($0.name, $0) })
    var folders = known.mapValues(\.folder)
    for name in (try? folderContents(path)) ?? [] where known[name] == nil && !fixed.contains(name) && isFree(name) {
      // A run has its adapter in a subfolder.
      if let folder = try? RunParts.adapter("\(path)/\(name)") { folders[name] = folder }
    }
    for (name, folder) in folders.sorted(by: { $0.key < $1.key }) {
      let files = FolderFiles(folder)
      if !files.areComplete {
        if !fileExists(folder + "/adapter_config.json") {
          if known[name] != nil { remove(name) }
          state.withLock { ($0.seen[name], $0.ignored[name]) = (nil, nil) }
        } else if isNewlyIncomplete(name, files) {
          logger.warning(
            "adapter not loaded", metadata: ["adapter": "\(name)", "reason": "\(folder): has no weights yet"])
        }
      } else if known[name]?.files != files {
        consider(name, folder, files, isFirst)
      }
    }
    state.withLock { state in
      state.seen = state.seen.filter { folders[$0.key] != nil }
      state.ignored = state.ignored.filter { folders[$0.key] != nil }
    }
  }

  /// Whether two scans have seen these files, and no earlier one has said so.
  private func isNewlyIncomplete(_ name: String, _ files: FolderFiles) -> Bool {
    state.withLock { state in
      defer { state.seen[name] = files }
      guard state.seen[name] == files, state.ignored[name] != files else { return false }
      state.ignored[name] = files
      return true
    }
  }

  private func consider(_ name: String, _ folder: String, _ files: FolderFiles, _ isFirst: Bool) {
    let isReady = state.withLock { state in
      defer { state.seen[name] = files }
      return state.ignored[name] != files && (isFirst || state.seen[name] == files)
    }
    guard isReady else { return }
    do {
      try registry.load(name, folder, isFixed: false)
      logger.info("adapter loaded", metadata: ["adapter": "\(name)"])
    } catch {
      state.withLock { $0.ignored[name] = files }
      logger.warning("adapter not loaded", metadata: ["adapter": "\(name)", "reason": "\(error)"])
    }
  }

  private func remove(_ name: String) {
    registry.remove(name)
    logger.info("adapter removed", metadata: ["adapter": "\(name)"])
  }

  /// Whether a subfolder of this name may be an adapter.
  private func isFree(_ name: String) -> Bool {
    !name.hasPrefix(".") && permanentName(name) == nil && !reserved.contains(name)
  }

  /// Loads an adapter for a request.
  /// - Parameters:
  ///   - folder: absolute, or relative to this folder; it must be in it.
  ///   - replaces: whether an adapter of this name may be replaced.
  /// - Throws: `RequestFault`.
  func load(_ name: String, from folder: String, replaces: Bool) throws {
    guard !reserved.contains(name), replaces || !registry.contains(name) else {
      throw RequestFault.badRequest(
        "There is an adapter or model \(quoted(name)). Unload it first, or give \"load_inplace\": true.",
        code: "model_exists")
    }
    if registry.adapters.contains(where: { $0.isFixed && $0.name == name }) {
      throw RequestFault.badRequest("\(quoted(name)) was given on the command line; it stays.", code: "model_exists")
    }
    let folder = try resolved(folder)
    do { try registry.load(name, folder, isFixed: false) } catch {
      throw RequestFault.invalid("The adapter cannot be loaded: \(error)", code: "model_not_loadable")
    }
    state.withLock { $0.ignored[name] = nil }
  }

  /// - Throws: `RequestFault` for a path outside of this folder, or without an adapter.
  private func resolved(_ folder: String) throws -> String {
    let outside = RequestFault.forbidden(
      "\"lora_path\" must be a folder in the server's --adapters-dir.", code: "path_not_allowed")
    guard !folder.contains("\0"), let root = canonicalPath(path) else { throw outside }
    // A subfolder is what the scan takes it for, also where it is a symbolic link out of this folder.
    let isSubfolder = isFree(folder) && !folder.contains("/") && !folder.isEmpty
    let given = folder.hasPrefix("/") ? folder : "\(path)/\(folder)"
    guard let found = canonicalPath(given) else {
      // Whether a path outside exists is not said.
      let parts = given.split(separator: "/")
      let isInside = given.hasPrefix(path) && !parts.contains("..")
      throw isInside ? RequestFault.notFound("There is no folder \(quoted(folder)).", code: "path_not_found") : outside
    }
    guard isSubfolder || found.hasPrefix(root + "/") else { throw outside }
    do { return try RunParts.adapter(found) } catch {
      throw RequestFault.invalid("The adapter cannot be loaded: \(error)", code: "model_not_loadable")
    }
  }

  /// Removes an adapter for a request; it is not loaded again until its folder changes.
  /// - Throws: `RequestFault`.
  func unload(_ name: String) throws {
    guard let adapter = registry.adapters.first(where: { $0.name == name }) else { throw RequestFault.noModel(name) }
    if adapter.isFixed {
      throw RequestFault.badRequest("\(quoted(name)) was given on the command line; it stays.", code: "model_is_fixed")
    }
    state.withLock { $0.ignored[name] = adapter.files }
    registry.remove(name)
  }
}
