/// The number of answered lines on standard error, if that is a terminal and the answers go elsewhere.
import Files
import FoundationEssentials
import Glibc

struct LineProgress {
  private let isShown = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0
  private let begin = ContinuousClock.now
  private var shown: ContinuousClock.Instant?

  /// - Parameter lines: answered so far.
  mutating func report(_ lines: Int) {
    guard isShown, shown.map({ .now - $0 > .milliseconds(200) }) ?? true else { return }
    shown = .now
    put("\r\u{1B}[K\(lines) lines, \(Int(Double(lines) / max((.now - begin) / .seconds(1), 1e-3))) lines/s")
  }

  /// Clears the line for other output, or at the end.
  func clear() { if shown != nil { put("\r\u{1B}[K") } }

  private func put(_ text: String) {
    try? write(Data(text.utf8).span.bytes, to: STDERR_FILENO, path: "standard error")
  }
}
