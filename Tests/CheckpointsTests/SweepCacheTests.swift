/// Tests what is remembered of sweeps: for unchanged files only, and without harm from anything in the cache's place.
import Dispatch
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct SweepCacheTests {
  let folder = TemporaryFolder()
  private var cache: SweepCache { SweepCache(path: folder.path + "/cache/weights", minimumFileSize: 0) }
  private let digest = String(repeating: "ab", count: 32)
  /// Fixtures have been unchanged for more than two seconds.
  private let old = fixtures + "f32.safetensors"

  private func remembered(_ path: String, _ cache: SweepCache) throws -> FileSweep? {
    try cache.read([TensorFile(path: path)])[path]
  }

  private func remember(_ path: String, _ sweep: FileSweep, _ cache: SweepCache) throws {
    try cache.add([TensorFile(path: path)], [path: sweep])
  }

  @Test(arguments: [true, false]) func `a sweep is remembered`(_ isSound: Bool) throws {
    let sweep = FileSweep(sha256: digest, isSound: isSound)
    #expect(try remembered(old, cache) == nil)
    try remember(old, sweep, cache)
    #expect(try remembered(old, cache) == sweep)
    // The newest counts, and other files are not confused with it.
    try remember(fixtures + "f16.safetensors", FileSweep(sha256: "0", isSound: true), cache)
    try remember(old, FileSweep(sha256: "1", isSound: true), cache)
    #expect(try remembered(old, cache)?.sha256 == "1")
    #expect(try remembered(fixtures + "bf16.safetensors", cache) == nil)
  }

  @Test func `a checkpoint uses what is remembered, and remembers what it found`() throws {
    let real = try sha256(ofFile: old)
    #expect(try Checkpoint(files: [old], cache: cache).sha256 == real)
    #expect(try remembered(old, cache) == FileSweep(sha256: real, isSound: true))
    try remember(old, FileSweep(sha256: digest, isSound: true), cache)
    #expect(try Checkpoint(files: [old], cache: cache).sha256 == digest)
    #expect(try Checkpoint(files: [old], cache: nil).sha256 == real)
    #expect(try Checkpoint(files: [old]).sha256 == real, "small files are not remembered")
  }

  @Test func `a file that was just written is not remembered`() throws {
    let copy = folder.path + "/copy.safetensors"
    try writeFile(readFile(old), to: copy)
    #expect(try Checkpoint(files: [copy], cache: cache).sha256 == sha256(ofFile: old))
    #expect(!fileExists(cache.path))
  }

  @Test func `a file that changes during the sweep is not remembered`() throws {
    let copy = folder.path + "/copy.safetensors"
    try writeFile(readFile(old), to: copy)
    let file = try TensorFile(path: copy)
    try writeFile(readFile(fixtures + "f16.safetensors"), to: copy)
    cache.add([file], [copy: FileSweep(sha256: digest, isSound: true)])
    #expect(!fileExists(cache.path))
  }

  @Test func `a damaged cache is ignored, and lines after the damage are read`() throws {
    let sweep = FileSweep(sha256: digest, isSound: false)
    try remember(old, sweep, cache)
    let line = try readFile(cache.path)
    for index in line.indices.dropLast() {
      for damaged in [line[..<index], line[..<index] + Data([line[index] ^ 1]) + line[(index + 1)...]] {
        try writeFile(Data(damaged), to: cache.path)
        #expect(try remembered(old, cache) == nil, "byte \(index)")
      }
    }
    try writeFile(
      Data([0xFF, 0, 0x0A]) + line.prefix(40) + Data("\n\n".utf8) + line + Data("garbage".utf8), to: cache.path)
    #expect(try remembered(old, cache) == sweep)
  }

  @Test(arguments: ["/proc/none", "/dev/null/cache", "/nonexistent/.cache/tune", fixtures + "f32.safetensors"])
  func `a cache that cannot be written or read costs nothing but time`(_ place: String) throws {
    let cache = SweepCache(path: place + "/weights", minimumFileSize: 0)
    #expect(try Checkpoint(files: [old], cache: cache).sha256 == sha256(ofFile: old))
    let folderAsFile = SweepCache(path: folder.path, minimumFileSize: 0)
    #expect(try Checkpoint(files: [old], cache: folderAsFile).sha256 == sha256(ofFile: old))
    #expect(!fileExists("/nonexistent"))
  }

  @Test func `the cache has a largest size, and keeps the newest lines`() throws {
    let cache = SweepCache(path: folder.path + "/weights", minimumFileSize: 0, maximumSize: 4096)
    for number in 0..<200 {
      try remember(old, FileSweep(sha256: "\(number)", isSound: true), cache)
      #expect(try remembered(old, cache)?.sha256 == "\(number)")
      #expect(try readFile(cache.path).count <= 4096)
    }
  }

  @Test func `writers at the same time leave whole lines`() throws {
    let files = try ["f32", "f16", "bf16", "mixed"].map { try TensorFile(path: "\(fixtures)\($0).safetensors") }
    let (cache, digest) = (cache, digest)
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      for round in 0..<50 {
        let file = files[(worker + round) % files.count]
        cache.add([file], [file.path: FileSweep(sha256: digest, isSound: worker % 2 == 0)])
        if let found = cache.read([file])[file.path] { #expect(found.sha256 == digest) }
      }
    }
    let lines = try readText(cache.path).split(separator: "\n")
    #expect(
      lines.count == 400 && lines.allSatisfy { $0.hasSuffix("\(digest) sound") || $0.hasSuffix("\(digest) damaged") })
  }

  @Test func `the cache is in the user's cache folder`() {
    func path(_ variables: [String: String]) -> String? { SweepCache { variables[$0] }?.path }
    #expect(path(["XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/c/tune/weights")
    #expect(path(["HOME": "/h"]) == "/h/.cache/tune/weights")
    #expect(path(["XDG_CACHE_HOME": "relative", "HOME": "/h"]) == "/h/.cache/tune/weights")
    #expect(path(["XDG_CACHE_HOME": "", "HOME": ""]) == nil && path([:]) == nil)
  }
}
