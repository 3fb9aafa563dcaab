/// What teachers said, on disk: the same loss from it, nobody asked twice, and nothing believed that is damaged.
import Autograd
import Files
import FoundationEssentials
import Models
import Tasks
import TestSupport
import Testing

@testable import Training

@Suite struct TeacherCacheTests {
  private let bench: MaskedBench
  private let task: MaskedLMTask
  private let teacher, student: TextModel
  private let parts: [[Int]] = [[3, 0], [1, 2, 4], [5]]
  private var path: String { bench.folder.path + "/answers/teacher.cache" }

  init() throws {
    bench = try MaskedBench()
    task = try bench.task(isDynamic: false, most: 6)
    (teacher, student) = (try MaskedBench.model("teacher"), try MaskedBench.model("student"))
  }

  private func cache(k: Int = 120, scope: DistillationSettings.KLTokens = .all, at path: String? = nil)
    -> TeacherCache
  {
    let rows = task.lengths.indices.map { example in
      let lesson = task.lesson([example], at: 0)
      return (scope == .labeled ? lesson.whereLabelled(.maskedLM) : lesson.everywhere(.maskedLM)).targets.count
    }
    return TeacherCache(path: path ?? self.path, rows: rows, k: k)
  }

  private func learn(_ cache: TeacherCache?, scope: DistillationSettings.KLTokens = .all, threads: Int = 2) -> (
    losses: [Double], gradients: [Float]
  ) {
    var settings = DistillationSettings()
    (settings.cosineWeight, settings.klTokens) = (0, scope)
    let objective = Distillation(settings, teachers: [Teacher(teacher)], student: student, cache: cache, seed: 0)
    return step(parts.map { task.lesson($0, at: 0) }, objective, task, student, threads: threads)
  }

  @Test(arguments: [DistillationSettings.KLTokens.all, .labeled])
  func `all classes kept are the whole teacher, who is asked once`(_ scope: DistillationSettings.KLTokens) throws {
    let cache = cache(scope: scope), uncached = learn(nil, scope: scope)
    try cache.open()
    let first = learn(cache, scope: scope)
    #expect(cache.misses == 6)
    #expect(zip(first.losses, uncached.losses).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(relativeError(first.gradients, uncached.gradients) < 1e-5)
    let second = learn(cache, scope: scope)
    #expect(cache.misses == 6)
    #expect(second.losses == first.losses && second.gradients == first.gradients)
  }

  @Test func `few classes are near the whole teacher, and nearer the more there are`() throws {
    let whole = learn(nil).losses[0]
    let gaps = try [2, 20, 119].map { k in
      let cache = cache(k: k, at: bench.folder.path + "/\(k)")
      try cache.open()
      return abs(learn(cache).losses[0] - whole)
    }
    #expect(gaps[0] > gaps[1] && gaps[1] > gaps[2] && gaps[2] < 1e-2 * whole)
  }

  @Test func `the file is as large as it says, and another program finds the answers in it`() throws {
    do {
      let cache = cache(k: 5)
      #expect(!fileExists(path), "nothing is written before it is opened")
      try cache.open()
      #expect(try readFile(path).count == cache.size)
      #expect(cache.size == 32 + 8 * 6 + 8 * 5 * cache.rows && cache.rows == task.lengths.reduce(0, +))
      _ = learn(cache)
    }
    let bytes = try readFile(path), again = cache(k: 5)
    try again.open()
    _ = learn(again, threads: 1)
    #expect(try again.misses == 0 && readFile(path) == bytes)
  }

  @Test func `a damaged answer is asked anew, with its neighbours in the lesson, and mended`() throws {
    do {
      let cache = cache(k: 5)
      try cache.open()
      _ = learn(cache)
    }
    let bytes = try readFile(path)
    // The last byte is of example 5, alone in its lesson; the first record is example 0's, who is with 3.
    for (place, asked) in [(bytes.count - 1, 1), (32 + 8 * 6, 2), (32, 2)] {
      var damaged = bytes
      damaged[place] ^= 4
      try writeFile(damaged, to: path)
      let cache = cache(k: 5)
      try cache.open()
      _ = learn(cache)
      #expect(cache.misses == asked)
      #expect(try readFile(path) == bytes)
    }
    try writeFile(bytes[..<(bytes.count - 40)], to: path)
    let cache = cache(k: 5)
    try cache.open()
    _ = learn(cache)
    #expect(try cache.misses == 1 && readFile(path) == bytes)
  }

  @Test(arguments: [3, 9]) func `a file of another shape is made anew`(_ k: Int) throws {
    do {
      let other = cache(k: k)
      try other.open()
      _ = learn(other)
    }
    let cache = cache(k: 5)
    try cache.open()
    #expect(try readFile(path).count == cache.size)
    let first = learn(cache)
    #expect(cache.misses == 6)
    #expect(learn(cache).losses == first.losses)
  }

  @Test func `a file that is no cache is made one`() throws {
    try makeFolder(bench.folder.path + "/answers")
    try writeFile(String(repeating: "no cache ", count: 40_000), to: path)
    let cache = cache(k: 5)
    try cache.open()
    _ = learn(cache)
    #expect(try cache.misses == 6 && readFile(path).count == cache.size)
  }

  @Test(.enabled(if: TinyDisk.isPermitted)) func `a full disk is told with what is wanted, and nothing is left`() throws
  {
    let disk = try #require(TinyDisk()), cache = cache(at: disk.folder.path + "/c")
    #expect {
      try cache.open()
    } throws: {
      "\($0)".contains("No space left") && "\($0)".contains("\(cache.size) bytes")
    }
    #expect(disk.folder.contents == [])
  }

  @Test func `a place that is no folder is told`() throws {
    try writeFile("", to: bench.folder.path + "/file")
    #expect(throws: FileFault.self) { try cache(at: bench.folder.path + "/file/c").open() }
  }
}
