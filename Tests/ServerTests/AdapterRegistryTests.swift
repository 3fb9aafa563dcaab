/// Tests which model a name stands for while adapters are loaded, replaced, evicted and removed, and how a folder is followed.
import Files
import FoundationEssentials
import Glibc
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Server

/// Models are the contents of the adapters' weights.
private func registry(_ limits: AdapterLimits = AdapterLimits()) -> AdapterRegistry<String> {
  AdapterRegistry(limits) { _, folder in
    let text = try readText(folder + "/adapter_model.safetensors")
    if text.hasPrefix("bad") { throw FileFault.malformed(file: folder, line: nil, found: text, expected: "good") }
    return text
  }
}

private func writeAdapter(_ weights: String, to folder: String) throws {
  try makeFolder(folder)
  try writeFile("{}", to: folder + "/adapter_config.json")
  try writeFile(weights, to: folder + "/adapter_model.safetensors")
}

private func code(_ body: () throws -> Void) -> String? {
  do { try body() } catch { return (error as? RequestFault)?.code ?? "\(error)" }
  return nil
}

/// Keeps the reasons of log messages.
private final class LogLines: Sendable {
  private let reasons = Mutex<[String]>([])

  var lines: [String] { reasons.withLock { $0 } }

  func add(_ reason: String) { reasons.withLock { $0.append(reason) } }
}

private struct LogLinesHandler: LogHandler {
  let lines: LogLines
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) { lines.add("\(event.metadata?["reason"] ?? "")") }
}

private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

@Suite struct AdapterRegistryTests {
  @Test func `a request keeps its model until it is answered, and then has the old one or the new one`() throws {
    try withTemporaryFolder { folder in
      let registry = registry()
      try writeAdapter("old", to: folder)
      try registry.load("a", folder, isFixed: false)
      let lease = try registry.lease("a")
      #expect(try registry.renewed([lease, lease]).map(\.model) == ["old", "old"])
      try writeAdapter("new", to: folder)
      try registry.load("a", folder, isFixed: false)
      #expect(lease.model == "old")
      #expect(try registry.renewed([lease, lease]).map(\.model) == ["new", "new"])
      try writeAdapter("bad", to: folder)
      #expect(throws: FileFault.self) { try registry.load("a", folder, isFixed: false) }
      #expect(try registry.lease("a").model == "new")
      registry.remove("a")
      #expect(code { _ = try registry.renewed([lease]) } == "model_unloaded")
      #expect(code { _ = try registry.lease("a") } == "model_not_found")
    }
  }

  @Test func `the adapters that were not used for the longest time are evicted, and read again on demand`() throws {
    try withTemporaryFolder { folder in
      let registry = registry(AdapterLimits(count: 2))
      for name in ["a", "b", "c", "d"] {
        try writeAdapter(name, to: "\(folder)/\(name)")
        try registry.load(name, "\(folder)/\(name)", isFixed: name == "d")
        if name == "b" { _ = try registry.lease("a") }
      }
      // "b" was used before "a"; "d" stays in any case, and does not count.
      #expect(registry.adapters.map(\.isLoaded) == [true, false, true, true] && registry.counts == (4, 1))
      let lease = try registry.lease("a")
      #expect(try registry.loadedLease("b") == nil)
      #expect(try registry.lease("b").model == "b")
      #expect(registry.adapters.map(\.isLoaded) == [true, true, false, true])
      _ = try registry.lease("c")
      #expect(try registry.loadedLease("a") == nil && registry.renewed([lease]).map(\.model) == ["a"])
      try FileManager.default.removeItem(atPath: folder + "/a")
      #expect(code { _ = try registry.lease("a") } == "model_not_loadable")
    }
  }

  @Test func `the size of the adapters' files is limited`() throws {
    try withTemporaryFolder { folder in
      let registry = registry(AdapterLimits(bytes: 2500))
      for name in ["a", "b", "c"] {
        try writeAdapter(String(repeating: name, count: 1000), to: "\(folder)/\(name)")
        try registry.load(name, "\(folder)/\(name)", isFixed: false)
      }
      #expect(registry.adapters.map(\.isLoaded) == [false, true, true])
      try writeAdapter(String(repeating: "d", count: 5000), to: folder + "/d")
      try registry.load("d", folder + "/d", isFixed: false)
      #expect(registry.adapters.map(\.isLoaded) == [false, false, false, true])
    }
  }
}

@Suite struct AdapterFolderTests {
  @Test func `adapters of the folder appear, change and go without a call`() throws {
    try withTemporaryFolder { folder in
      let registry = registry(), adapters = AdapterFolder(folder, registry, reserved: ["base"], silent)
      func models() -> [String: String] {
        Dictionary(
          uniqueKeysWithValues: registry.adapters.map { ($0.name, (try? registry.lease($0.name).model) ?? "") })
      }
      try writeAdapter("1", to: folder + "/a")
      for name in [".hidden", "b.tmp-3w5e11264sgsf", "base"] { try writeAdapter("0", to: "\(folder)/\(name)") }
      try makeFolder(folder + "/no-adapter")
      adapters.scan(isFirst: true)
      #expect(models() == ["a": "1"])
      // A new one is loaded when two scans have seen the same files.
      try makeFolder(folder + "/b")
      try writeFile("{}", to: folder + "/b/adapter_config.json")
      adapters.scan()
      adapters.scan()
      #expect(models() == ["a": "1"])
      try writeFile("incomplete", to: folder + "/b/adapter_model.safetensors")
      adapters.scan()
      try writeFile("complete", to: folder + "/b/adapter_model.safetensors")
      adapters.scan()
      #expect(models() == ["a": "1"])
      adapters.scan()
      #expect(models() == ["a": "1", "b": "complete"])
      try writeAdapter("22", to: folder + "/a")
      adapters.scan()
      #expect(models()["a"] == "1")
      adapters.scan()
      #expect(models()["a"] == "22")
      // What cannot be read changes nothing, and is not tried again until it changes.
      try writeAdapter("bad", to: folder + "/a")
      for _ in 0..<3 { adapters.scan() }
      #expect(models()["a"] == "22" && registry.counts.loads == 3)
      try FileManager.default.removeItem(atPath: folder + "/a")
      adapters.scan()
      #expect(models() == ["b": "complete"])
      try writeAdapter("333", to: folder + "/a")
      for _ in 0..<2 { adapters.scan() }
      #expect(models()["a"] == "333")
    }
  }

  @Test func `a link in the folder is an adapter for the scan and for a request`() throws {
    try withTemporaryFolder { parent in
      let folder = parent + "/adapters", registry = registry()
      try writeAdapter("1", to: parent + "/runs/a")
      try makeFolder(folder)
      #expect(symlink(parent + "/runs/a", folder + "/a") == 0)
      let adapters = AdapterFolder(folder, registry, reserved: ["base"], silent)
      adapters.scan(isFirst: true)
      try adapters.load("same", from: "a", replaces: false)
      #expect(try ["a", "same"].map { try registry.lease($0).model } == ["1", "1"])
    }
  }

  @Test func `a folder with a config and no weights is in the log once, until it changes`() throws {
    try withTemporaryFolder { folder in
      let log = LogLines()
      let logger = Logger(label: "test") { _ in LogLinesHandler(lines: log) }
      let registry = registry(), adapters = AdapterFolder(folder, registry, reserved: [], logger)
      try makeFolder(folder + "/a")
      try makeFolder(folder + "/nothing")
      try writeFile("{", to: folder + "/a/adapter_config.json")
      for _ in 0..<4 { adapters.scan() }
      #expect(log.lines.count == 1 && log.lines[0].contains("no weights"), "\(log.lines)")
      try writeFile("{ ", to: folder + "/a/adapter_config.json")
      for _ in 0..<4 { adapters.scan() }
      #expect(log.lines.count == 2)
      try writeAdapter("1", to: folder + "/a")
      for _ in 0..<2 { adapters.scan() }
      #expect(try registry.lease("a").model == "1")
    }
  }

  @Test func `an adapter that a request has unloaded comes back when its folder changes`() throws {
    try withTemporaryFolder { folder in
      let registry = registry(), adapters = AdapterFolder(folder, registry, reserved: [], silent)
      try writeAdapter("1", to: folder + "/a")
      adapters.scan(isFirst: true)
      try adapters.unload("a")
      for _ in 0..<3 { adapters.scan() }
      #expect(registry.adapters.isEmpty && code { try adapters.unload("a") } == "model_not_found")
      try writeAdapter("22", to: folder + "/a")
      for _ in 0..<2 { adapters.scan() }
      #expect(try registry.lease("a").model == "22")
    }
  }

  @Test func `a request loads from the folder only, under any free name, and its adapter is followed`() throws {
    try withTemporaryFolder { parent in
      let folder = parent + "/adapters", registry = registry()
      try writeAdapter("1", to: folder + "/sub/a")
      try writeAdapter("0", to: parent + "/outside")
      try writeAdapter("0", to: parent + "/adapters-2/a")
      #expect(symlink(parent + "/outside", folder + "/sub/link") == 0)
      #expect(symlink(parent + "/outside", folder + "/.link") == 0)
      let adapters = AdapterFolder(folder, registry, reserved: ["base"], silent)
      func load(_ name: String, _ path: String, replaces: Bool = false) -> String? {
        code { try adapters.load(name, from: path, replaces: replaces) }
      }
      for path in [
        parent + "/outside", "../outside", "sub/../../outside", folder + "/../outside", "sub/link", ".link", "/etc",
        "/no/such",
        "..",
        "/", folder, folder + "/", ".", "sub/a\0", parent + "/adapters-2/a", "../adapters-2/a", "../no-such",
      ] {
        #expect(load("x", path) == "path_not_allowed", "\(path)")
      }
      #expect(load("x", "sub/no-such") == "path_not_found" && load("x", folder + "/no-such") == "path_not_found")
      #expect(load("x", "sub") == "model_not_loadable" && registry.adapters.isEmpty)
      #expect(load("base", "sub/a") == "model_exists")
      #expect(load("x", "sub/a") == nil && load("x", "sub/a") == "model_exists")
      #expect(load("x", folder + "/sub/a/", replaces: true) == nil)
      try registry.load("fixed", folder + "/sub/a", isFixed: true)
      #expect(
        load("fixed", "sub/a", replaces: true) == "model_exists"
          && code { try adapters.unload("fixed") } == "model_is_fixed")
      try writeAdapter("22", to: folder + "/sub/a")
      for _ in 0..<2 { adapters.scan() }
      #expect(try registry.lease("x").model == "22" && registry.lease("fixed").model == "1")
      try FileManager.default.removeItem(atPath: folder + "/sub/a")
      adapters.scan()
      #expect(registry.adapters.map(\.name) == ["fixed"])
    }
  }
}
