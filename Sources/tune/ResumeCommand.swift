/// The command that continues after an interruption, as a shell reads it.
import Files

extension ThreadOption {
  /// This program with `arguments`, and with the option if it was given.
  func resumeCommand(_ arguments: [String]) -> String {
    shellCommand(CommandLine.arguments.prefix(1) + arguments + (threads.map { ["--threads", "\($0)"] } ?? []))
  }
}

/// A command line that resumes what `arguments` began.
func resuming(_ arguments: [String]) -> [String] {
  let options = arguments.firstIndex(of: "--") ?? arguments.endIndex
  var words = arguments[..<options].filter { $0 != "--overwrite" }
  if !words.contains("--resume") { words.append("--resume") }
  return words + arguments[options...]
}
