/// Handles Ctrl-C, SIGTERM and a closed terminal: the first signal stops the run after the current step, a second one
/// ends the program immediately.
import Dispatch
import Glibc
import Synchronization

final class Interrupt {
  private let signals = SignalCount()
  private var sources: [any DispatchSourceSignal] = []

  init() {
    signal(SIGPIPE, SIG_IGN)  // a closed pipe for the progress must not end the run
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [signals] in
        // One Ctrl-C may arrive twice, from the terminal and from a wrapper process, so one within a second is ignored.
        let now = Int(DispatchTime.now().uptimeNanoseconds / 1_000_000_000)
        let first = signals.first.compareExchange(expected: 0, desired: now, ordering: .relaxed)
        if !first.exchanged {
          if now > first.original + 1 { _exit(130) }
          return
        }
        note("\nstopping after this step (again to stop immediately)")
      }
      source.resume()
      sources.append(source)
    }
  }

  var isRequested: Bool { signals.first.load(ordering: .relaxed) > 0 }
}

private final class SignalCount: Sendable {
  /// Uptime in seconds at the first signal; 0: none yet.
  let first = Atomic<Int>(0)
}
