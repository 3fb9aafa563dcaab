/// Facts about this CPU and this process, and loading OpenBLAS with the core that suits the CPU.
internal import COpenBLAS
import Glibc

/// OpenBLAS cannot be loaded, or an environment variable has a wrong name or value.
package struct ProcessorFault: Error, CustomStringConvertible {
  package let why: String
  package var description: String { why }
}

package enum Processor {
  /// Loads OpenBLAS. `TUNE_BLAS_CORE` overrides its core; `OPENBLAS_CORETYPE` does not.
  package static func initialize() throws(ProcessorFault) {
    try checkEnvironment { name in getenv(name).map { String(cString: $0) } }
    tune_return_freed_memory()
    let fault = getenv("TUNE_BLAS_CORE").map { tune_blas_open($0) } ?? tune_blas_open(nil)
    if let fault { throw ProcessorFault(why: String(cString: fault)) }
  }

  /// Checks the variables that choose the GEMM backend; `value` returns the value of the variable of that name.
  static func checkEnvironment(_ value: (String) -> String?) throws(ProcessorFault) {
    if value("TUNE_MULTIPLIER") != nil {
      throw ProcessorFault(why: "TUNE_MULTIPLIER was renamed to TUNE_GEMM (blas, simd, avx512 or avx512bf16).")
    }
    if let name = value("TUNE_GEMM"), GEMMBackend(rawValue: name) == nil {
      let expected = GEMMBackend.allCases.map(\.rawValue).joined(separator: ", ")
      throw ProcessorFault(why: "TUNE_GEMM is \"\(name)\"; expected one of \(expected).")
    }
  }

  /// The core that OpenBLAS uses ("Cooperlake"), or "none" before it is loaded.
  package static var blasCore: String { String(cString: tune_blas_core()) }

  /// The widest SIMD extension of this CPU ("AVX-512 + BF16").
  package static var vectors: String { String(cString: tune_cpu_vectors()) }

  /// The number of CPUs that this process may use.
  package static var count: Int { Int(tune_cpu_count()) }

  /// The number of CPUs of this machine.
  package static var onlineCount: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  /// Returns freed memory to the system, such as what reading files left behind before a long run.
  package static func returnFreedMemory() { tune_return_freed_memory() }

  /// Lets `peakMemory` count from now on. Where the system does not allow it, the peak stays that of the whole process.
  package static func resetPeakMemory() {
    returnFreedMemory()
    let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    if file < 0 { return }
    _ = write(file, "5", 1)
    close(file)
  }

  /// The peak resident set size in bytes, of the process or since `resetPeakMemory`.
  package static var peakMemory: Int { tune_peak_memory() }
}
