/// The sums over several ranks: the groups of shards, their order, and runs that are the same for any number of ranks.
import Adapters
import Autograd
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Training

@Test(arguments: [4, 8]) func `every shard is in one group, and every group belongs to one rank`(_ limit: Int) {
  for count in 1...20 {
    let groups = ShardGroups(of: count, limit: limit)
    #expect(groups.count == min(count, limit) && groups.ownShards == 0..<count)
    let sizes = (0..<groups.count).map { group in (0..<count).count { groups.group(of: $0) == group } }
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1 && !sizes.contains(0))
    #expect((0..<count).map(groups.group).sorted() == (0..<count).map(groups.group))
    #expect((0..<count).count(where: groups.isLast) == groups.count)
    for size in 1...12 {
      let ranks = (0..<size).map { ShardGroups(of: count, limit: limit, rank: $0, of: size) }
      #expect(ranks.flatMap { Array($0.ownShards) } == Array(0..<count))
      #expect(ranks.flatMap { Array($0.own) } == Array(0..<groups.count))
      #expect(ranks[0].own.lowerBound == 0 && !ranks[0].own.isEmpty)
      if limit == 4, size > 1 { #expect(ranks.allSatisfy { $0.own.count <= 2 }) }
    }
  }
}

@Test func `ranks exchange lists of any length`() throws {
  let found = try ThreadRank.all(3) { ranks in
    let lists = (0..<ranks.rank).map { (0..<$0).map { Double($0) / 3 } }
    return (
      ranks.gatherLists(lists), ranks.broadcast("rank \(ranks.rank)"), ranks.broadcast(0.1 + Double(ranks.rank)),
      ranks.broadcast(ranks.rank == 0)
    )
  }
  for (lists, text, number, flag) in found {
    #expect(lists == [[], [], [0]] && text == "rank 0" && number == 0.1 && flag)
  }
}

/// A table of 40 rows that shards read in part, and three whole parameters; the last is written by one shard only.
private struct Sums {
  let parameters = makeParameters([
    .random(40, 16, seed: 1), .random(3, 50, seed: 2), .random(1, 7, seed: 3), .random(2, 2, seed: 4),
  ])

  static func value(_ shard: Int, _ index: Int, _ i: Int) -> Float {
    Float((shard * 7919 + index * 104729 + i * 31) % 10007) / 3 * (shard % 2 == 0 ? 1 : -1e3)
  }

  static func rows(_ shard: Int) -> [Int32] { [3, Int32(shard), -1, Int32(shard), Int32(shard * 7 % 40), 3] }

  static func writes(_ shard: Int, _ index: Int) -> Bool { index < 3 || shard == 5 }

  /// The gradients and the losses on one rank.
  func sum(
    shards: Int, threads: Int, _ precision: ReducePrecision, _ communicator: any Communicator,
    partSize: Int = RankSum.partSize
  ) -> (gradients: [[UInt32]], losses: [Double]) {
    let table = ParameterTable(training: parameters), total = Gradients(table)
    let replicas = Replicas(threads: threads, RankSum(communicator, partSize: partSize))
    var losses: [Double] = []
    // The second sum must not depend on the first.
    for factor in [2, 1] as [Float] {
      losses = replicas.sum(shards: shards, into: total, precision) { [parameters] shard, _, sink in
        let dy = (0..<6 * 16).map { factor * Self.value(shard, 0, $0) }
        sink.accumulate(parameters[0], rows: Self.rows(shard), dy)
        for index in 1..<4 where Self.writes(shard, index) || factor == 2 {
          sink.accumulate(parameters[index]) { pointer, beta in
            for i in 0..<parameters[index].count {
              pointer[i] = (beta == 0 ? 0 : pointer[i]) + factor * Self.value(shard, index, i)
            }
          }
        }
        return [1 / Double(shard + 3), 1]
      }
    }
    return (
      parameters.map { p in (0..<p.count).map { (total.pointer + (p.offset ?? 0))[$0].bitPattern } }, losses
    )
  }

  /// The same sums in plain loops.
  func expected(shards: Int, _ precision: ReducePrecision) -> [[UInt32]] {
    func rounded(_ values: [Float]) -> [Float] { precision == .fp32 ? values : values.map(nearestBF16) }
    let groups = ShardGroups(of: shards, limit: 8)
    return parameters.enumerated().map { index, parameter in
      var total: [Float]?
      for group in 0..<groups.count {
        var sum: [Float]?
        for shard in 0..<shards where groups.group(of: shard) == group && Self.writes(shard, index) {
          var next = sum ?? Array(repeating: 0, count: parameter.count)
          if index == 0 {
            for (position, row) in Self.rows(shard).enumerated() where row >= 0 {
              for column in 0..<16 { next[Int(row) * 16 + column] += Self.value(shard, 0, position * 16 + column) }
            }
          } else {
            for i in next.indices { next[i] += Self.value(shard, index, i) }
          }
          sum = next
        }
        if let sum = sum.map(rounded) { total = total.map { rounded(zip($0, sum).map(+)) } ?? sum }
      }
      return (total ?? Array(repeating: 0, count: parameter.count)).map(\.bitPattern)
    }
  }
}

/// The nearest number with the upper 16 bits of a Float only; of two, the one whose last bit is 0.
private func nearestBF16(_ x: Float) -> Float {
  let low = Float(bitPattern: x.bitPattern & 0xFFFF_0000), high = Float(bitPattern: low.bitPattern + 0x1_0000)
  let (down, up) = (abs(Double(x) - Double(low)), abs(Double(high) - Double(x)))
  return down < up || down == up && low.bitPattern & 0x1_0000 == 0 ? low : high
}

@Suite struct RankSumTests {
  @Test(arguments: [1, 2, 3, 8, 9, 21], ReducePrecision.allCases)
  func `sums have the same bits for any number of threads and ranks`(
    _ shards: Int, _ precision: ReducePrecision
  ) throws {
    let expected = Sums().expected(shards: shards, precision),
      losses = (0..<shards).reduce(0.0) { $0 + 1 / Double($1 + 3) }
    for threads in [1, 2, 3] {
      let one = Sums().sum(shards: shards, threads: threads, precision, SingleProcess())
      #expect(one.gradients == expected && one.losses == [losses, Double(shards)], "\(threads) threads")
    }
    for size in [2, 3, 4, 5, 9] {
      let ranks = try ThreadRank.all(size) { Sums().sum(shards: shards, threads: $0.rank % 2 + 1, precision, $0) }
      for (rank, found) in ranks.enumerated() {
        #expect(found.gradients == expected, "rank \(rank) of \(size)")
        #expect(found.losses == [losses, Double(shards)])
      }
    }
  }

  // A part ends in the middle of a parameter, and is smaller than all ranks' slices.
  @Test(arguments: [16, 48, 640, 656], ReducePrecision.allCases)
  func `sums that are sent in several parts have the same bits`(_ partSize: Int, _ precision: ReducePrecision) throws {
    let expected = Sums().expected(shards: 9, precision)
    for size in [2, 3, 5] {
      let ranks = try ThreadRank.all(size) {
        Sums().sum(shards: 9, threads: $0.rank % 2 + 1, precision, $0, partSize: partSize)
      }
      #expect(ranks.allSatisfy { $0.gradients == expected }, "\(size) ranks")
    }
  }

  @Test func `the last parameters are sent before a shard has computed the first`() throws {
    let sums = try ThreadRank.all(2) { rank in
      let counter = CountingRank(ranks: rank)
      let parameters = makeParameters([.random(1, 16, seed: 1), .random(1, 16, seed: 2)])
      let total = Gradients(ParameterTable(training: parameters))
      let replicas = Replicas(threads: 1, RankSum(counter, partSize: 16))
      let losses = replicas.sum(shards: 2, into: total) { shard, _, sink in
        sink.accumulate(parameters[1]) { pointer, _ in pointer.update(repeating: Float(shard + 1), count: 16) }
        let end = ContinuousClock.now + .seconds(20)
        while counter.received.load(ordering: .relaxed) < 64, .now < end { usleep(100) }
        let hasArrived = counter.received.load(ordering: .relaxed) >= 64
        sink.accumulate(parameters[0]) { pointer, _ in pointer.update(repeating: Float(shard + 3), count: 16) }
        return [hasArrived ? 1 : 0]
      }
      #expect(losses == [2], "rank \(rank.rank)")
      return (0..<32).map { total.pointer[$0] }
    }
    let expected = Array(repeating: Float(7), count: 16) + Array(repeating: Float(3), count: 16)
    #expect(sums.allSatisfy { $0 == expected })
  }

  @Test(arguments: [(2, 4), (2, 8), (3, 8), (4, 4), (4, 8), (8, 8)], ReducePrecision.allCases)
  func `a dry run knows the bytes that the busiest rank sends or receives`(
    _ ranks: (size: Int, shards: Int), _ precision: ReducePrecision
  ) throws {
    let (size, shards) = ranks
    let found = try ThreadRank.all(size) { rank in
      let counter = CountingRank(ranks: rank), parameters = makeParameters([.random(64, 1024, seed: 1)])
      let total = Gradients(ParameterTable(training: parameters))
      _ = Replicas(threads: 1, communicator: counter).sum(shards: shards, into: total, precision) { shard, _, sink in
        sink.accumulate(parameters[0]) { pointer, _ in pointer.update(repeating: Float(shard), count: 64 * 1024) }
        return [1]
      }
      return max(counter.sent.load(ordering: .relaxed), counter.received.load(ordering: .relaxed))
    }
    let groups = (0..<size).map { ShardGroups(of: shards, limit: 8, rank: $0, of: size).own.count }
    let expected = ShardGroups.traffic(groups: groups, gradients: 64 * 1024, precision)
    // Losses and marks of what was written are sent, too. Of three ranks another is the busiest at first than at the end.
    let most = try #require(found.max())
    #expect((expected - 1000..<expected + 1000).contains(most), "\(most) bytes, not \(expected)")
  }

  @Test func `the order of the groups changes the bits`() {
    let order = (0..<9).map { Sums.value($0, 1, 4) }, groups = ShardGroups(of: 9, limit: 8)
    let inGroups = (0..<8).map { group in (0..<9).filter { groups.group(of: $0) == group }.reduce(0) { $0 + order[$1] }
    }
    #expect(inGroups.reduce(0, +) != order.reversed().reduce(0, +))
  }
}

/// Counts the bytes of all messages.
private final class CountingRank: Communicator {
  let ranks: any Communicator
  let sent = Atomic<Int>(0), received = Atomic<Int>(0)

  init(ranks: any Communicator) { self.ranks = ranks }

  var rank: Int { ranks.rank }
  var size: Int { ranks.size }

  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int) {
    sent.add(bytes.count, ordering: .relaxed)
    ranks.send(bytes, to: rank)
  }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int) {
    received.add(bytes.count, ordering: .relaxed)
    ranks.receive(bytes, from: rank)
  }

  func finishSends() { ranks.finishSends() }
}

@Suite struct RankRunTests {
  /// The weights after a run.
  private func train(_ communicator: any Communicator, _ makeTrainer: (Replicas) throws -> Trainer) throws -> [Float] {
    let trainer = try makeTrainer(Replicas(threads: 1, communicator: communicator))
    _ = try trainer.run(shouldStop: { false }, report: { _ in })
    return trainer.table.values
  }

  private func expectEqual(_ makeTrainer: @escaping @Sendable (Replicas) throws -> Trainer) throws {
    let expected = try train(SingleProcess(), makeTrainer)
    for size in [2, 3] {
      for found in try ThreadRank.all(size, { try train($0, makeTrainer) }) { #expect(found == expected, "\(size)") }
    }
  }

  @Test(arguments: ["lora", "adalora", "full"], ReducePrecision.allCases)
  func `a run has the same weights for any number of ranks`(_ name: String, _ precision: ReducePrecision) throws {
    var settings = Self.settings
    settings.reducePrecision = precision
    try expectEqual { [settings] replicas in
      let run = name == "full" ? try TwentySteps(name) { _ in nil } : try TwentySteps(name)
      return try Trainer(
        run.model, FixedBatches(run.task, times: 40), run.table, settings, replicas, adapters: run.adapters,
        hook: run.adapter?.hook)
    }
  }

  @Test(arguments: [0, 1, 2]) func `a signal to any rank stops all after the same step`(_ signaled: Int) throws {
    let steps = try ThreadRank.all(3) { ranks in
      let run = try TwentySteps("lora"), replicas = Replicas(threads: 1, communicator: ranks)
      let trainer = try Trainer(
        run.model, FixedBatches(run.task, times: 40), run.table, Self.settings, replicas, adapters: run.adapters)
      let result = try trainer.run(
        shouldStop: { ranks.rank == signaled && trainer.step >= 3 + signaled }, report: { _ in })
      #expect(result.status == .interrupted)
      return result.steps
    }
    #expect(steps == Array(repeating: 3 + signaled, count: 3))
  }

  @Test func `more ranks than groups are refused`() throws {
    let faults = try ThreadRank.all(3) { ranks in
      do {
        let run = try TwentySteps("lora")
        _ = try train(ranks) { try Trainer(run.model, run.task, run.table, Self.settings, $0, adapters: run.adapters) }
        return ""
      } catch { return "\(error)" }
    }
    #expect(faults.allSatisfy { $0.contains("3 ranks, but no step has work for more than 1") }, "\(faults)")
  }

  static var settings: TrainingSettings {
    var settings = TwentySteps.settings
    (settings.duration, settings.batchSize) = (.steps(20), .examples(200))
    return settings
  }
}
