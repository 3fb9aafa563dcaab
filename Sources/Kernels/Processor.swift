/// Which CPU is here, and OpenBLAS opened on the core that suits it.
internal import COpenBLAS
import Glibc

/// The processor cannot be used as it is asked to: OpenBLAS is missing, or a variable names what there is not.
public struct ProcessorFault: Error, CustomStringConvertible {
  public let why: String
  public var description: String { why }
}

public enum Processor {
  /// Opens OpenBLAS. `TUNE_BLAS_CORE` overrules the core; `OPENBLAS_CORETYPE` does not.
  public static func initialize() throws(ProcessorFault) {
    if let wish = getenv("TUNE_GEMM").map({ String(cString: $0) }), GEMMBackend(rawValue: wish) == nil {
      let known = GEMMBackend.allCases.map(\.rawValue).joined(separator: ", ")
      throw ProcessorFault(why: "TUNE_GEMM is \"\(wish)\"; expected one of \(known)")
    }
    tune_return_freed_memory()
    let fault = getenv("TUNE_BLAS_CORE").map { tune_blas_open($0) } ?? tune_blas_open(nil)
    if let fault { throw ProcessorFault(why: String(cString: fault)) }
  }

  public static var blasCore: String { String(cString: tune_blas_core()) }
  public static var vectors: String { String(cString: tune_cpu_vectors()) }

  /// The CPUs that this process may use.
  public static var count: Int { Int(tune_cpu_count()) }

  /// Gives the system the memory that is freed by now: what reading files left, before a long run.
  public static func returnFreedMemory() { tune_return_freed_memory() }

  /// The largest resident set so far, in bytes.
  public static var peakMemory: Int { tune_peak_memory() }
}
