/// A progress bar with values in one line that fits the window, and the terminal that shows it.
import Files
import FoundationEssentials
import Glibc

struct ProgressLine {
  /// From 0 to 1.
  let fraction: Double
  let position: String
  /// In the order of the line. The value with the highest `rank` is left out first.
  let values: [(text: String, rank: Int)]

  /// The line without its bar.
  var plain: String { ([position] + values.map(\.text)).joined(separator: "  ") }

  /// The line for a window, whose last column stays empty: a cursor there would wrap.
  func text(columns: Int) -> String {
    var shown = values
    func line() -> String { ([position] + shown.map(\.text)).joined(separator: "  ") }
    while line().count >= columns, let last = shown.indices.max(by: { shown[$0].rank < shown[$1].rank }) {
      shown.remove(at: last)
    }
    let line = line(), width = min(24, columns - 2 - line.count)
    guard width >= 8 else { return String(line.prefix(max(columns - 1, 0))) }
    let done = Int(Double(width) * min(max(fraction, 0), 1))
    return String(repeating: "█", count: done) + String(repeating: "░", count: width - done) + " " + line
  }
}

/// The columns of the terminal on standard error, as they are now; 80 if it does not say.
private func terminalColumns() -> Int {
  var size = winsize()
  return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
}

/// Standard error, on a terminal with one line that is overwritten.
struct ProgressTerminal {
  let isTerminal = isatty(STDERR_FILENO) == 1
  private var erase: String { isTerminal ? "\r\u{1B}[K" : "" }

  /// Prints a line that stays, in place of the progress line.
  func print(_ line: String) { put(erase + terminalText(line) + "\n") }

  func show(_ line: ProgressLine, _ end: String = "") { put(erase + line.text(columns: terminalColumns()) + end) }

  /// Shows the beginning of `text` that fits the window.
  func show(_ text: String) { put(erase + text.prefix(max(terminalColumns() - 1, 0))) }

  /// Removes the progress line.
  func clear() { if isTerminal { put(erase) } }

  private func put(_ text: String) {
    try? write(Data(text.utf8).span.bytes, to: STDERR_FILENO, path: "standard error")
  }
}
