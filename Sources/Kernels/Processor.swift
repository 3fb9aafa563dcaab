/// Which CPU is here, and OpenBLAS opened on the core that suits it.
internal import COpenBLAS
import Glibc

/// OpenBLAS could not be opened; `why` says what to install.
public struct MissingBLAS: Error, CustomStringConvertible {
  public let why: String
  public var description: String { why }
}

public enum Processor {
  /// Opens OpenBLAS. `TUNE_BLAS_CORE` overrules the core; `OPENBLAS_CORETYPE` does not.
  public static func start() throws(MissingBLAS) {
    let fault = getenv("TUNE_BLAS_CORE").map { tune_blas_open($0) } ?? tune_blas_open(nil)
    if let fault { throw MissingBLAS(why: String(cString: fault)) }
  }

  public static var blasCore: String { String(cString: tune_blas_core()) }
  public static var vectors: String { String(cString: tune_cpu_vectors()) }

  /// The CPUs that this process may use.
  public static var count: Int { Int(tune_cpu_count()) }

  /// The largest resident set so far, in bytes.
  public static var peakMemory: Int { tune_peak_memory() }
}
