/// One gradient buffer for many shards: the order of its sums, parameters with several writers or none, and waiting.
import Autograd
import Glibc
import TestSupport
import Testing

@testable import Training

/// Four parameters; shards write them in this order or backwards, at speeds of their own.
private struct Course {
  let parameters = makeParameters((0..<4).map { .random(3, 50, seed: UInt64($0)) })
  let table: ParameterTable
  let total: Gradients

  init() {
    table = ParameterTable(training: parameters)
    total = Gradients(table)
  }

  /// What `shard` adds to number `i` of a parameter at its `time`th write: rounding shows in which order this was summed.
  static func value(_ shard: Int, _ parameter: Int, _ time: Int, _ i: Int) -> Float {
    Float((shard * 7919 + parameter * 104729 + time * 1299709 + i * 31) % 10007) / 3 * (shard % 2 == 0 ? 1 : -1e3)
  }

  /// Sums 9 shards; `writes` says how often a shard writes a parameter.
  func sum(threads: Int, writes: @Sendable (_ shard: Int, _ parameter: Int) -> Int) -> [[Float]] {
    let losses = Replicas(threads: threads).sum(shards: 9, into: total) { [parameters] shard, workspace, sink in
      let pass = Pass(workspace, gradients: sink)
      // The first of each three is slow, so that the others catch up with it and wait.
      if shard % 3 == 0 { usleep(3000) }
      for index in shard % 2 == 0 ? [0, 1, 2, 3] : [3, 2, 1, 0] {
        for time in 0..<writes(shard, index) {
          pass.accumulate(parameters[index]) { pointer, beta in
            for i in 0..<150 {
              pointer[i] = (beta == 0 ? 0 : pointer[i]) + Course.value(shard, index, time, i)
            }
          }
        }
      }
      return [1 / Double(shard + 3), 1]
    }
    let sum: Double = (0..<9).reduce(0) { $0 + 1 / Double($1 + 3) }
    #expect(losses == [sum, 9])
    return parameters.map { Array(UnsafeBufferPointer(start: total.pointer + ($0.offset ?? 0), count: $0.count)) }
  }

  /// The same sums by one loop.
  static func expected(_ shards: [Int] = Array(0..<9), writes: (_ shard: Int, _ parameter: Int) -> Int) -> [[Float]] {
    (0..<4).map { index in
      (0..<150).map { i in
        shards.reduce(Float(0)) { sum, shard in
          (0..<writes(shard, index)).reduce(sum) { $0 + value(shard, index, $1, i) }
        }
      }
    }
  }
}

@Suite struct ShardTests {
  @Test(arguments: [1, 2, 5]) func `gradients of unequal shards are added in shard order`(_ threads: Int) {
    let course = Course(), wanted = Course.expected { _, _ in 1 }
    #expect(Course.expected((0..<9).reversed()) { _, _ in 1 } != wanted, "another order is other bits")
    for _ in 0..<20 { #expect(course.sum(threads: threads) { _, _ in 1 } == wanted) }
  }

  @Test(arguments: [1, 2, 5]) func `a parameter with two writers is handed on after the second`(_ threads: Int) {
    let course = Course()
    course.parameters[1].useCount = 2
    @Sendable func writes(_ shard: Int, _ parameter: Int) -> Int { parameter == 1 ? 2 : 1 }
    for _ in 0..<20 { #expect(course.sum(threads: threads, writes: writes) == Course.expected(writes: writes)) }
  }

  @Test(arguments: [1, 2, 5]) func `a shard need not write every parameter, nor as often as it may`(_ threads: Int) {
    let course = Course()
    course.parameters[2].useCount = 3
    @Sendable func writes(_ shard: Int, _ parameter: Int) -> Int {
      switch parameter {
      case 0: shard == 0 ? 0 : 1
      case 2: shard % 4
      default: shard == 5 ? 0 : 1
      }
    }
    for _ in 0..<20 { #expect(course.sum(threads: threads, writes: writes) == Course.expected(writes: writes)) }
  }

  @Test(arguments: [1, 3]) func `what no shard writes is zero, also after a step in which all did`(_ threads: Int) {
    let course = Course()
    #expect(course.sum(threads: threads) { _, _ in 1 }[3].contains { $0 != 0 })
    let sums = course.sum(threads: threads) { _, parameter in parameter == 3 ? 0 : 1 }
    #expect(sums[3] == Array(repeating: 0, count: 150) && sums[2] == Course.expected { _, _ in 1 }[2])
  }

  @Test func `a single shard may write as often as it likes`() {
    let course = Course()
    _ = Replicas(threads: 2).sum(shards: 1, into: course.total) { [parameters = course.parameters] _, _, sink in
      for _ in 0..<3 { sink.accumulate(parameters[0]) { pointer, beta in pointer[0] = beta * pointer[0] + 1 } }
      return []
    }
    #expect(course.total.pointer[0] == 3)
  }

  @Test func `with several shards an unannounced writer is our fault, and told`() async {
    await #expect(processExitsWith: .failure) {
      _ = Course().sum(threads: 1) { _, parameter in parameter == 1 ? 2 : 1 }
    }
  }
}
