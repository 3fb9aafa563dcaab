/// Handles Ctrl-C, SIGTERM and a closed terminal: the first signal stops the run after the current step, a second one
/// ends the program immediately. Signals that were ignored when the program started stay ignored, as `nohup` requires.
/// On several ranks they end the run at once, because mpirun gives no time, and SIGUSR1 stops it after the current step.
import CProcess
import Glibc

struct Interrupt {
  /// - Parameter rank: of several; nil: there is one process.
  init(rank: Int? = nil) {
    signal(SIGPIPE, SIG_IGN)  // a closed pipe for the progress must not end the run
    if let rank { end_on_signals(rank == 0) } else { stop_on_signals() }
  }

  var isRequested: Bool { is_stop_requested() }
}
