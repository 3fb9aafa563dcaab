/// The command line of bench-steps. Runs each workload and precision in a new process, to measure its peak memory.
import ArgumentParser
import Files
@preconcurrency import Glibc
import Kernels

@main
struct Steps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-steps",
    abstract: "Times training steps or forward passes. Prints a JSON line per workload and precision.",
    discussion: """
      A workload is <shape>-<mode>-<b>x<t>: shape base (BERT-base), mini (MiniLM-L6) or modern (ModernBERT-base); mode
      full, lora (rank 8, alpha 16, on query and value, or Wqkv), infer or distil; b sequences of t tokens. Random
      weights, two classes, dropout 0.1 (ModernBERT: 0), AdamW, gradient clipping, as in benchmarks/peer_steps.py for PyTorch. distil: the student is a DistilBERT with
      half of the teacher's layers; KL and cosine loss on all tokens, cross-entropy on the 15 % that are masked.
      """)

  @Argument(help: "Workloads to measure.")
  var workloads = Workload.defaults.compactMap { Workload($0) }
  @Option(help: "fp32, bf16, or both with a comma between them; for infer also int8.")
  var precision = Precision.allCases.map(\.rawValue).joined(separator: ",")
  @Option(help: "Threads. Default: the CPUs available to this process.")
  var threads: Int?
  @Option(help: "Measured steps, after two warmup steps.")
  var steps = 7
  @Flag(help: "Sequence i has 8 + 37·i mod (t - 7) tokens.")
  var ragged = false
  @Flag(
    name: .customLong("recompute"),
    help: "Gradient checkpointing: recompute activations in backward instead of storing them.")
  var gradientCheckpointing = false
  @Flag(help: "Only for distil: two epochs of token classification, the second from cached teacher log-probabilities.")
  var cache = false
  @Flag(name: .customLong("here"), help: .hidden)
  var isChildProcess = false

  func validate() throws {
    if steps < 1 { throw ValidationError("--steps must be 1 or more.") }
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be from 1 to 1024.") }
    if ragged, let short = workloads.first(where: { $0.tokens < 8 }) {
      throw ValidationError("--ragged requires sequences of 8 tokens or more; \(short.name) has \(short.tokens).")
    }
    if cache, let workload = workloads.first(where: { $0.mode != .distil }) {
      throw ValidationError("--cache requires a teacher; \(workload.name) has none. Use a distil workload.")
    }
    if try precisions().contains(.int8), let workload = workloads.first(where: { $0.mode != .infer }) {
      throw ValidationError("--precision int8 is for inference; \(workload.name) trains. Use an infer workload.")
    }
  }

  func run() throws {
    for workload in workloads {
      for precision in try precisions() {
        if isChildProcess {
          print(try measure(workload, precision).text(pretty: false))
        } else {
          let code = try runChild([workload.name, "--precision", precision.rawValue, "--here"] + sameOptions)
          if code != 0 { throw ExitCode(code) }
        }
      }
    }
  }

  private func measure(_ workload: Workload, _ precision: InferencePrecision) throws -> JSON {
    let threads = threads ?? Processor.count
    if cache {
      return try CachedEpochs(
        workload: workload, precision: precision.products, threads: threads, ragged: ragged,
        gradientCheckpointing: gradientCheckpointing
      ).run()
    }
    return try Measurement(
      workload: workload, precision: precision, threads: threads, steps: steps, ragged: ragged,
      gradientCheckpointing: gradientCheckpointing
    ).run()
  }

  private func precisions() throws -> [InferencePrecision] {
    try precision.split(separator: ",").map { name in
      guard let precision = InferencePrecision(rawValue: String(name)) else {
        throw ValidationError(
          "--precision: \"\(name)\"; expected fp32, bf16 or int8, or several with a comma between them.")
      }
      return precision
    }
  }

  private var sameOptions: [String] {
    ["--steps", "\(steps)"] + (threads.map { ["--threads", "\($0)"] } ?? []) + (ragged ? ["--ragged"] : [])
      + (gradientCheckpointing ? ["--recompute"] : []) + (cache ? ["--cache"] : [])
  }
}

/// Runs this program in a child process with the same standard output.
/// - Returns: its exit code, or 128 plus the signal that ended it.
private func runChild(_ arguments: [String]) throws -> Int32 {
  var argv = (["bench-steps"] + arguments).map { strdup($0) } + [nil]
  defer { argv.forEach { free($0) } }
  var child: pid_t = 0, status: Int32 = 0
  let fault = posix_spawn(&child, "/proc/self/exe", nil, nil, &argv, environ)
  guard fault == 0, waitpid(child, &status, 0) == child else {
    throw FileFault.unreadable(path: "/proc/self/exe", why: String(cString: strerror(fault == 0 ? errno : fault)))
  }
  let signal = status & 0x7f
  return signal == 0 ? (status >> 8) & 0xff : 128 + signal
}
