/// Tests the detection of loss spikes.
import Testing

@testable import Training

@Test func `three spikes in a row are reported, one is not, and spikes do not change the median`() {
  var detector = LossSpikeDetector()
  for step in 0..<20 { #expect(detector.add(1 + Double(step % 3) / 10, factor: 3) == nil) }
  #expect(detector.add(100, factor: 3) == nil && detector.add(100, factor: 3) == nil)
  #expect(detector.add(1, factor: 3) == nil)
  #expect(detector.add(4, factor: 3) == nil && detector.add(5, factor: 3) == nil)
  #expect(detector.add(6, factor: 3) == 1.1)
}

@Test func `without a factor, or with few losses, nothing is a spike`() {
  var unlimited = LossSpikeDetector(), new = LossSpikeDetector()
  for loss in [1.0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9] { #expect(unlimited.add(loss, factor: nil) == nil) }
  for loss in [0.1, 9, 9, 9, 9] { #expect(new.add(loss, factor: 3) == nil) }
}

@Test func `a detector is restored exactly from a snapshot's text`() throws {
  var detector = LossSpikeDetector()
  for step in 1...70 { _ = detector.add(1 / Double(step), factor: 50) }
  _ = detector.add(1e9, factor: 3)
  var copy = try #require(LossSpikeDetector(detector.description))
  #expect(copy == detector)
  for loss in [1e9, 1e9] { #expect(copy.add(loss, factor: 3) == detector.add(loss, factor: 3)) }
  #expect(LossSpikeDetector("") == nil && LossSpikeDetector("1 x") == nil)
}
