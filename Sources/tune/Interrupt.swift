/// Ctrl-C and SIGTERM as a wish to stop after the step at hand; a second one ends the program at once.
import Dispatch
import Glibc
import Synchronization

final class Interrupt {
  private let wishes = Wishes()
  private var sources: [any DispatchSourceSignal] = []

  init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [wishes] in
        if wishes.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
        note("\nstopping after this step (again to stop at once)")
      }
      source.resume()
      sources.append(source)
    }
  }

  var isWished: Bool { wishes.count.load(ordering: .relaxed) > 0 }
}

private final class Wishes: Sendable {
  let count = Atomic<Int>(0)
}
