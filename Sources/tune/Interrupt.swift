/// Ctrl-C and SIGTERM as a wish to stop after the step at hand; a second one ends the program at once.
import Dispatch
import Glibc
import Synchronization

final class Interrupt: Sendable {
  private let wishes = Atomic<Int>(0)
  private let sources: Mutex<[any DispatchSourceSignal]> = Mutex([])

  init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in
        if wishes.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
        note("\nstopping after this step (again to stop at once)")
      }
      source.resume()
      sources.withLock { $0.append(source) }
    }
  }

  var isWished: Bool { wishes.load(ordering: .relaxed) > 0 }
}
