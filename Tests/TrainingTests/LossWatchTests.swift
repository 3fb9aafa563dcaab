import Testing

@testable import Training

@Test func `one leap is no alarm, three in a row are, and they do not move the median`() {
  var watch = LossSpikeDetector()
  for step in 0..<20 { #expect(watch.add(1 + Double(step % 3) / 10, factor: 3) == nil) }
  #expect(watch.add(100, factor: 3) == nil && watch.add(100, factor: 3) == nil)
  #expect(watch.add(1, factor: 3) == nil)
  #expect(watch.add(4, factor: 3) == nil && watch.add(5, factor: 3) == nil)
  #expect(watch.add(6, factor: 3) == 1.1)
}

@Test func `without a factor, or with few losses, nothing is a leap`() {
  var free = LossSpikeDetector(), young = LossSpikeDetector()
  for loss in [1.0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9] { #expect(free.add(loss, factor: nil) == nil) }
  for loss in [0.1, 9, 9, 9, 9] { #expect(young.add(loss, factor: 3) == nil) }
}

@Test func `a watch goes through a snapshot's text to the last bit`() throws {
  var watch = LossSpikeDetector()
  for step in 1...70 { _ = watch.add(1 / Double(step), factor: 50) }
  _ = watch.add(1e9, factor: 3)
  var copy = try #require(LossSpikeDetector(watch.description))
  #expect(copy == watch)
  for loss in [1e9, 1e9] { #expect(copy.add(loss, factor: 3) == watch.add(loss, factor: 3)) }
  #expect(LossSpikeDetector("") == nil && LossSpikeDetector("1 x") == nil)
}
