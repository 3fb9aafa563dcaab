/// Tests the teacher cache: the same loss as without it, no repeated teacher passes, and recovery from damage.
import Autograd
import Encoders
import Files
import FoundationEssentials
import Glibc
import Tasks
import TestSupport
import Testing

@testable import Training

@Suite struct TeacherCacheTests {
  private let bench: MaskedBench
  private let task: MaskedLMTask
  private let teacher, student: TextModel
  private let parts: [[Int]] = [[3, 0], [1, 2, 4], [5]]
  private var path: String { bench.folder.path + "/cache/teacher.cache" }

  init() throws {
    bench = try MaskedBench()
    task = try bench.task(isDynamic: false, limit: 6)
    (teacher, student) = (try MaskedBench.model("teacher"), try MaskedBench.model("student"))
  }

  private func cache(k: Int = 120, klTokens: DistillationSettings.KLTokens = .all, at path: String? = nil)
    -> TeacherCache
  {
    let rows = task.lengths.indices.map { example in
      let batch = task.batch([example], at: 0)
      return (klTokens == .labeled ? batch.withLabeledRows(.maskedLM) : batch.withAllRows(.maskedLM)).targets.count
    }
    return TeacherCache(CacheFile(path ?? self.path), rows: rows, k: k)
  }

  private func train(_ cache: TeacherCache?, klTokens: DistillationSettings.KLTokens = .all, threads: Int = 2) -> (
    losses: [Double], gradients: [Float]
  ) {
    var settings = DistillationSettings()
    (settings.cosineWeight, settings.klTokens) = (0, klTokens)
    let objective = Distillation(settings, teachers: [Teacher(teacher)], student: student, cache: cache, seed: 0)
    return step(parts.map { task.batch($0, at: 0) }, objective, task, student, threads: threads)
  }

  @Test(arguments: [DistillationSettings.KLTokens.all, .labeled])
  func `a cache of all classes gives the teacher's loss, and the teacher runs once`(
    _ klTokens: DistillationSettings.KLTokens
  ) throws {
    let cache = cache(klTokens: klTokens), uncached = train(nil, klTokens: klTokens)
    try cache.open()
    let first = train(cache, klTokens: klTokens)
    #expect(cache.misses == 6)
    #expect(zip(first.losses, uncached.losses).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(relativeError(first.gradients, uncached.gradients) < 1e-5)
    let second = train(cache, klTokens: klTokens)
    #expect(cache.misses == 6)
    #expect(second.losses == first.losses && second.gradients == first.gradients)
  }

  @Test func `a cache of few classes approximates the loss, better with more classes`() throws {
    let exact = train(nil).losses[0]
    let gaps = try [2, 20, 119].map { k in
      let cache = cache(k: k, at: bench.folder.path + "/\(k)")
      try cache.open()
      return abs(train(cache).losses[0] - exact)
    }
    #expect(gaps[0] > gaps[1] && gaps[1] > gaps[2] && gaps[2] < 1e-2 * exact)
  }

  @Test func `the file has the reported size, and another process finds the cached records`() throws {
    do {
      let cache = cache(k: 5)
      #expect(!fileExists(path), "nothing is written before it is opened")
      try cache.open()
      #expect(try readFile(path).count == cache.size)
      #expect(cache.size == 32 + 8 * 6 + 8 * 5 * cache.rows && cache.rows == task.lengths.reduce(0, +))
      _ = train(cache)
    }
    let bytes = try readFile(path), reopened = cache(k: 5)
    try reopened.open()
    _ = train(reopened, threads: 1)
    #expect(try reopened.misses == 0 && readFile(path) == bytes)
  }

  @Test func `a damaged record is computed again together with its batch, and repaired`() throws {
    do {
      let cache = cache(k: 5)
      try cache.open()
      _ = train(cache)
    }
    let bytes = try readFile(path)
    // The last byte belongs to example 5, alone in its batch; the first record to example 0, in a batch with 3.
    for (index, misses) in [(bytes.count - 1, 1), (32 + 8 * 6, 2), (32, 2)] {
      var damaged = bytes
      damaged[index] ^= 4
      try writeFile(damaged, to: path)
      let cache = cache(k: 5)
      try cache.open()
      _ = train(cache)
      #expect(cache.misses == misses)
      #expect(try readFile(path) == bytes)
    }
    try writeFile(bytes[..<(bytes.count - 40)], to: path)
    let cache = cache(k: 5)
    try cache.open()
    _ = train(cache)
    #expect(try cache.misses == 1 && readFile(path) == bytes)
  }

  @Test(arguments: [3, 9]) func `a file with another k is reset`(_ k: Int) throws {
    do {
      let previous = cache(k: k)
      try previous.open()
      _ = train(previous)
    }
    let cache = cache(k: 5)
    try cache.open()
    #expect(try readFile(path).count == cache.size)
    let first = train(cache)
    #expect(cache.misses == 6)
    #expect(train(cache).losses == first.losses)
  }

  @Test func `a file that is not a cache is overwritten`() throws {
    close(try CacheFile(path).open())
    try writeFile(String(repeating: "no cache ", count: 40_000), to: path)
    let cache = cache(k: 5)
    try cache.open()
    _ = train(cache)
    #expect(try cache.misses == 6 && readFile(path).count == cache.size)
  }

  @Test(.enabled(if: TinyDisk.isPermitted)) func `a full disk is an error with the required size, and no file remains`()
    throws
  {
    let disk = try #require(TinyDisk()), cache = cache(at: disk.folder.path + "/c")
    #expect {
      try cache.open()
    } throws: {
      "\($0)".contains("No space left") && "\($0)".contains("\(cache.size) bytes")
    }
    #expect(disk.folder.contents == [])
  }

  @Test func `a path below a file is an error`() throws {
    try writeFile("", to: bench.folder.path + "/file")
    #expect(throws: FileFault.self) { try cache(at: bench.folder.path + "/file/c").open() }
  }
}
