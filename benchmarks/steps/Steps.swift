/// The command line of bench-steps: each workload and precision in a process of its own, so that peak memory is its own.
import ArgumentParser
import Files
@preconcurrency import Glibc
import Kernels

@main
struct Steps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-steps",
    abstract: "Times one training step or one forward pass; a JSON line for each workload and precision.",
    discussion: """
      A workload is <shape>-<what>-<b>x<t>: shape base (BERT-base) or mini (MiniLM-L6); what full, lora (rank 8, alpha 16,
      on query and value), infer or distil; b sequences of t tokens. Random weights, two classes, dropout 0.1, AdamW,
      clipping: what benchmarks/peer_steps.py does with PyTorch. distil: a DistilBERT with half of the teacher's layers
      learns the teacher's probabilities and last states of all tokens, and the 15 % of them that are masked.
      """)

  @Argument(help: "What to run.")
  var workloads = Workload.usual.compactMap { Workload($0) }
  @Option(help: "fp32, bf16, or both with a comma between them.")
  var precision = Precision.allCases.map(\.rawValue).joined(separator: ",")
  @Option(help: "Threads. Default: the CPUs that are free to this process.")
  var threads: Int?
  @Option(help: "Measured steps, after two that are not.")
  var steps = 7
  @Flag(help: "Sequence i has 8 + 37·i mod (t - 7) tokens.")
  var ragged = false
  @Flag(help: "Compute activations again in backward instead of keeping them.")
  var recompute = false
  @Flag(help: "Of distil: two epochs over the sequences as a task of labels, the second without the teacher.")
  var cache = false
  @Flag(help: .hidden)
  var here = false

  func validate() throws {
    if steps < 1 { throw ValidationError("--steps must be 1 or more.") }
    if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be from 1 to 1024.") }
    if ragged, let short = workloads.first(where: { $0.tokens < 8 }) {
      throw ValidationError("--ragged wants sequences of 8 tokens or more; \(short.name) has \(short.tokens).")
    }
    if cache, let other = workloads.first(where: { $0.what != .distil }) {
      throw ValidationError("--cache keeps a teacher's answers; \(other.name) has no teacher.")
    }
    _ = try precisions()
  }

  func run() throws {
    for workload in workloads {
      for precision in try precisions() {
        if here {
          print(try measure(workload, precision).text(pretty: false))
        } else {
          let code = try runAgain([workload.name, "--precision", precision.rawValue, "--here"] + sameOptions)
          if code != 0 { throw ExitCode(code) }
        }
      }
    }
  }

  private func measure(_ workload: Workload, _ precision: Precision) throws -> JSON {
    let threads = threads ?? Processor.count
    if cache {
      return try CachedEpochs(
        workload: workload, precision: precision, threads: threads, ragged: ragged, recompute: recompute
      ).run()
    }
    return try Measurement(
      workload: workload, precision: precision, threads: threads, steps: steps, ragged: ragged, recompute: recompute
    ).run()
  }

  private func precisions() throws -> [Precision] {
    try precision.split(separator: ",").map { name in
      guard let precision = Precision(rawValue: String(name)) else {
        throw ValidationError("--precision: \"\(name)\"; expected fp32, bf16, or both with a comma between them.")
      }
      return precision
    }
  }

  private var sameOptions: [String] {
    ["--steps", "\(steps)"] + (threads.map { ["--threads", "\($0)"] } ?? []) + (ragged ? ["--ragged"] : [])
      + (recompute ? ["--recompute"] : []) + (cache ? ["--cache"] : [])
  }
}

/// Runs this program with other arguments, on the same standard output.
/// - Returns: its exit code; 128 and the signal where one ended it.
private func runAgain(_ arguments: [String]) throws -> Int32 {
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
