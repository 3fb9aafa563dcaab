/// Runs the built `tune` in a pseudo-terminal.
import Files
import Foundation
import Glibc

/// A pseudo-terminal with a program in it.
final class Terminal {
  private let master: Int32
  let process: Process
  /// Everything that the program wrote so far.
  private(set) var output = ""

  /// - Parameter columns: of the window.
  init(_ program: Program, _ arguments: [String], columns: Int) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var locked: Int32 = 0, number: Int32 = 0
    // TIOCSPTLCK and TIOCGPTN, which are macros: unlock the other end, and get its number.
    guard master >= 0, ioctl(master, 0x4004_5431, &locked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
      throw FileFault.unreadable(path: "/dev/ptmx", why: reason(errno))
    }
    let slave = FileHandle(
      fileDescriptor: open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC), closeOnDealloc: true)
    process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: program.folder)
    (process.standardInput, process.standardOutput, process.standardError) = (FileHandle.nullDevice, slave, slave)
    resize(columns)
    try process.run()
    try slave.close()
  }

  func resize(_ columns: Int) {
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// Reads until `isEnough`, or the program ends.
  func read(until isEnough: (String) -> Bool = { _ in false }) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16), bytes = Array(output.utf8)
    while !isEnough(output) {
      let count = Glibc.read(master, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
      output = String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Reads to the end, and returns the exit status.
  func finish() -> Int32 {
    read()
    process.waitUntilExit()
    return process.terminationStatus
  }

  deinit {
    if process.isRunning { process.terminate() }
    close(master)
  }
}

extension String {
  /// The texts that were written from the first column of a row on, without erasures.
  var rows: [String] {
    replacing("\u{1B}[K", with: "").unicodeScalars.split { $0 == "\r" || $0 == "\n" }.map { String($0) }
  }
}
