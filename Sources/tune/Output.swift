/// Results on standard output, notes on standard error, input from a file or "-", and options that commands share.
import ArgumentParser
import Files
import FoundationEssentials
import Glibc
import Kernels
import Ranks
import Tasks

/// Prints a note for the user on standard error. Line feeds and tabs that come from an argument, such as a path, are escaped.
func note(_ line: String) {
  let text = argumentsWithLines.reduce(line) { $0.replacing($1, with: terminalText($1, keepingLines: false)) }
  try? write(Data((terminalText(text) + "\n").utf8).span.bytes, to: STDERR_FILENO, path: "standard error")
}

/// The arguments of this program, and the values of settings, that have a line feed or a tab.
private let argumentsWithLines: [String] = CommandLine.arguments.dropFirst()
  .flatMap { argument in [argument] + (argument.firstIndex(of: "=").map { [String(argument[$0...].dropFirst())] } ?? [])
  }
  .filter { $0.contains { $0 == "\n" || $0 == "\t" || $0 == "\r\n" } && !$0.allSatisfy(\.isWhitespace) }

/// Prints a line of the result on standard output, which a terminal may show.
func emit(_ line: String) throws {
  try write(Data((terminalText(line) + "\n").utf8).span.bytes, to: STDOUT_FILENO, path: "standard output")
}

func emit(_ json: JSON, pretty: Bool = false) throws { try emit(json.text(pretty: pretty)) }

/// Whether this process prints what all have in common that mpirun or srun has started.
var isFirstTask: Bool { (Launch()?.number ?? 0) == 0 }

struct ThreadOption: ParsableArguments {
  @Option(
    help:
      "Number of threads; it does not affect the result. Default: SLURM_CPUS_PER_TASK, or the CPUs available to this process."
  )
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be from 1 to 1024.") }
  }

  var count: Int { threads ?? Launch.threads() }

  /// Opens OpenBLAS and prints the CPU, the GEMM backend and the number of threads in one line.
  func start(_ precision: InferencePrecision = .fp32, quiet: Bool = false) throws {
    try Processor.initialize()
    if quiet { return }
    let backend = GEMMBackend.selected, products = backend.precision(precision.products)
    let quantized = precision == .int8 ? "int8 (\(Int8Kernel.selected)) and " : ""
    let gemm =
      backend > .blas
      ? "\(products.rawValue) GEMM (\(backend.rawValue))" : "fp32 GEMM by OpenBLAS (\(Processor.blasCore))"
    let storage = precision.products == products ? "" : ", frozen weights stored in bf16 (no native bf16 GEMM)"
    note("CPU \(Processor.vectors), \(quantized)\(gemm)\(storage), \(counted(count, "thread"))")
  }
}

struct PrecisionOption: ParsableArguments {
  @Option(
    name: .customLong("precision"),
    help: ArgumentHelp(
      "Number format of GEMM inputs; default: the run's, by tune.json. bf16 accumulates in fp32, is faster, and takes half the "
        + "memory. int8 is faster still, and not exact: tune eval says what it changes.",
      valueName: "fp32|bf16|int8"),
    transform: {
      guard let precision = InferencePrecision(rawValue: $0) else {
        throw ValidationError("expected fp32, bf16 or int8")
      }
      return precision
    })
  var given: InferencePrecision?

  /// The given precision, or the one that all `folders` were trained with; fp32 if they do not say, and with a note if
  /// they differ.
  func value(for folders: [String]) throws -> InferencePrecision {
    if let given { return given }
    let recorded = try Set(folders.map(recorded))
    if recorded.count > 1 {
      note("the runs had different precisions; fp32 is used for all of them, unless --precision is given")
    }
    return InferencePrecision(recorded.count == 1 ? recorded.first ?? .fp32 : .fp32)
  }

  private func recorded(in folder: String) throws -> Precision {
    guard let name = try TuneJSON(folder: folder)?.precision else { return .fp32 }
    guard let precision = Precision(rawValue: name) else {
      throw FileFault.malformed(
        file: folder + "/tune.json", line: nil, found: "precision \"\(name)\"", expected: "\"fp32\" or \"bf16\"")
    }
    return precision
  }
}
