/// The number of answered lines on standard error, if that is a terminal and the answers go elsewhere.
import FoundationEssentials
import Glibc

package struct LineProgress {
  private let terminal = ProgressTerminal()
  private let isShown = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0
  private let begin = ContinuousClock.now
  private var shown: ContinuousClock.Instant?

  package init() {}

  /// - Parameter lines: answered so far.
  package mutating func report(_ lines: Int) {
    guard isShown, shown.map({ .now - $0 > .milliseconds(200) }) ?? true else { return }
    shown = .now
    let speed = Int(Double(lines) / max((.now - begin) / .seconds(1), 1e-3))
    terminal.show("\(lines) lines, \(speed) lines/s")
  }

  /// Clears the line for other output, or at the end.
  package func clear() { if shown != nil { terminal.clear() } }
}
