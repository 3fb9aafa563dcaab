/// Handles Ctrl-C, SIGTERM and a closed terminal: the first signal stops the run after the current step, a second one
/// ends the program immediately. Signals that were ignored when the program started stay ignored, as `nohup` requires.
import CProcess
import Glibc

struct Interrupt {
  init() {
    signal(SIGPIPE, SIG_IGN)  // a closed pipe for the progress must not end the run
    stop_on_signals()
  }

  var isRequested: Bool { is_stop_requested() }
}
