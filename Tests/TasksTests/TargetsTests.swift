/// Tests the targets of a batch.
import Tasks
import Testing

private let cases: [Targets] = [
  .classes([2, -1, 0]), .classSets([[1, 0], [], [0, 0]]), .values([0.5, .nan, -2]),
  .spans([[1...3, 0...2], [], [0...0]].map { SpanTarget(length: 5, spans: $0) }),
  .tagSequences([[0, 1], [], [2]]),
]

@Test(arguments: cases) func `targets that are missing are not labeled`(_ targets: Targets) {
  #expect(targets.count == 3)
  #expect(targets.labeled == [0, 2])
  #expect(targets.selecting([2, 0]).labeled == [0, 1])
}

@Test(arguments: cases) func `the targets of sequences are joined in order`(_ targets: Targets) {
  let parts = (0..<3).map { targets.selecting([$0]) }
  #expect(Targets.joined(parts).labeled == [0, 2])
  #expect(Targets.joined([targets, targets.selecting([0])]).labeled == [0, 2, 3])
}

@Test func `targets by row are spread over all rows and selected again`() {
  for targets in cases where targets.isByRow {
    let spread = targets.selecting([0, 2]).spread(over: 6, at: [1, 4])
    #expect(spread.count == 6 && spread.labeled == [1, 4])
    #expect(spread.selecting([1, 4]) == targets.selecting([0, 2]))
  }
  #expect(cases.filter(\.isByRow).count == 3)
}
