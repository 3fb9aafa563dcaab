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

/// `words` as one line of a shell; words with other characters than those of plain paths and settings are quoted.
func shellCommand(_ words: some Sequence<String>) -> String {
  words.map { word in
    let isPlain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=,:+@%".utf8.contains(byte)
      }
    }
    return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }.joined(separator: " ")
}
