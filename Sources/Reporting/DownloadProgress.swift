/// Prints the progress of a download on standard error: on a terminal a line that is overwritten, else complete files
/// only.
import Files
import FoundationEssentials
import Glibc

package final class DownloadProgress {
  private let terminal = ProgressTerminal()
  private let clock = ContinuousClock()
  private var file = ""
  /// When the file's first bytes of this run came, and how many bytes were there.
  private var start = ContinuousClock.now
  private var startCount = 0
  private var lastUpdate = ContinuousClock.now

  package init() {}

  package func print(_ line: String) { terminal.print(line) }

  package func update(_ path: String, _ count: Int, of size: Int) {
    guard terminal.isTerminal else { return }
    let now = clock.now
    if path != file {
      (file, start, startCount, lastUpdate) = (path, now, count, now)
    } else if now - lastUpdate < .milliseconds(200) {
      return
    }
    lastUpdate = now
    let elapsed = now - start,
      seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    let speed = Double(count - startCount) / max(seconds, 1e-3)
    let remaining = speed > 0 ? [("ETA \(clockTime(Double(size - count) / speed))", 0)] : []
    terminal.show(
      ProgressLine(
        fraction: Double(count) / Double(max(size, 1)), position: terminalText(path),
        values: [("\(millions(count)) of \(millions(size)) MB", 1), ("\(fixed(speed / 1e6, 1)) MB/s", 2)] + remaining))
  }

  private func millions(_ bytes: Int) -> String { fixed(Double(bytes) / 1e6, 1) }
}
