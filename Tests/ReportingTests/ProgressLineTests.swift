/// The progress line in windows of every width.
import Testing

@testable import Reporting

@Test func `a progress line is shorter than the window, and keeps the position and the ETA longest`() {
  let line = ProgressLine(
    fraction: 0.5, position: "step 50/100",
    values: [("loss 0.1234", 1), ("lr 1.00e-3", 3), ("1234 tokens/s", 2), ("567 MB", 4), ("ETA 1:07", 0)])
  for columns in 0...120 { #expect(line.text(columns: columns).count < max(columns, 1), "\(columns)") }
  #expect(line.text(columns: 120) == "████████████░░░░░░░░░░░░ " + line.plain)
  #expect(line.text(columns: 80).hasSuffix(" " + line.plain) && line.text(columns: 80).contains("█"))
  #expect(line.text(columns: 24) == "step 50/100  ETA 1:07")
  #expect(line.text(columns: 8) == "step 50")
}
