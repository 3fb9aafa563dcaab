/// Handles Ctrl-C, SIGTERM and a closed terminal: the first signal stops the run after the current step, a second one
/// ends the program immediately. Signals that were ignored when the program started stay ignored, as `nohup` requires.
/// SIGUSR1 does what the recipe says: it saves a snapshot after the current step, and stops the run or not.
import CProcess
import Glibc
import Ranks
import Recipes

struct Interrupt {
  /// Of the current run.
  var onSIGUSR1: Recipe.Training.SignalAction

  /// - Parameter ranks: nil: there is one process.
  init(_ recipe: Recipe, ranks: MPICommunicator? = nil) {
    onSIGUSR1 = recipe.training.onSIGUSR1
    signal(SIGPIPE, SIG_IGN)  // a closed pipe for the progress must not end the run
    stop_on_signals(Int32(ranks?.rank ?? 0), Int32(ranks?.size ?? 1))
  }

  /// SIGUSR1 waits for the first step while a run is built. Ctrl-C and SIGTERM end the program until then: nothing can be lost.
  static func keepSIGUSR1() { keep_sigusr1() }

  var isRequested: Bool { is_stop_requested() || onSIGUSR1 == .stop && has_sigusr1() }

  /// Whether SIGUSR1 requests a snapshot of a run that continues. It does so once.
  func takeSaveRequest() -> Bool {
    guard onSIGUSR1 == .save, has_sigusr1() else { return false }
    forget_sigusr1()
    return true
  }
}
