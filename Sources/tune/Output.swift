/// Results on standard output, notes on standard error, and input from a file or "-".
import ArgumentParser
import Files
import FoundationEssentials
import Glibc
import Kernels

/// A note for people; scripts do not see it.
func note(_ line: String) { try? write(Data((line + "\n").utf8).span.bytes, to: STDERR_FILENO, path: "standard error") }

/// A line of the result.
func emit(_ line: String) throws {
  try write(Data((line + "\n").utf8).span.bytes, to: STDOUT_FILENO, path: "standard output")
}

func emit(_ json: JSON, pretty: Bool = false) throws { try emit(json.text(pretty: pretty)) }

/// The lines of a file, or of standard input for "-". CRLF is taken as one end of line; a last empty line is none.
func readLines(_ path: String) throws -> [String] {
  let text: String
  if path == "-" {
    var data = Data(), buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileFault.unreadable(path: "standard input", why: reason(errno))
      }
      data.append(contentsOf: buffer[..<count])
    }
    guard let decoded = String(data: data, encoding: .utf8) else {
      throw FileFault.malformed(file: "standard input", line: nil, found: "bytes that are not UTF-8", expected: "UTF-8")
    }
    text = decoded
  } else {
    text = try readText(path)
  }
  var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
    String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
  }
  if lines.last == "" { lines.removeLast() }
  return lines
}

struct ThreadOption: ParsableArguments {
  @Option(help: "Threads; the result does not depend on their number. Default: the CPUs that are free to this process.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be from 1 to 1024.") }
  }

  var count: Int { threads ?? Processor.count }

  /// Opens OpenBLAS and says in one line what the program runs on.
  func start(_ precision: Precision = .fp32, quiet: Bool = false) throws {
    try Processor.initialize()
    if quiet { return }
    let ours = GEMMBackend.selected > .blas, numbers = GEMMBackend.selected.precision(precision)
    let products = ours ? "products in \(numbers.rawValue)" : "products by OpenBLAS (\(Processor.blasCore)) in fp32"
    let stored =
      precision == numbers ? "" : ", frozen weights kept in \(precision.rawValue) (nobody here multiplies bfloat16)"
    note("CPU \(Processor.vectors), \(products)\(stored), \(count) threads")
  }
}

struct PrecisionOption: ParsableArguments {
  @Option(
    name: .customLong("precision"),
    help: ArgumentHelp(
      "The numbers that products read: fp32, or bf16 with fp32 sums, which is faster and takes half the memory.",
      valueName: "fp32|bf16"),
    transform: {
      guard let precision = Precision(rawValue: $0) else { throw ValidationError("expected fp32 or bf16") }
      return precision
    })
  var value = Precision.fp32
}
