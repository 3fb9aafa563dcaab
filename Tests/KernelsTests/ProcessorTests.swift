/// Environment variables that choose the GEMM backend, and the facts that `Processor` reports.
import Testing

@testable import Kernels

@Suite struct ProcessorTests {
  @Test(arguments: [
    (["TUNE_MULTIPLIER": "blas"], "TUNE_MULTIPLIER was renamed to TUNE_GEMM (blas, simd, avx512 or avx512bf16)."),
    (["TUNE_GEMM": "mkl"], "TUNE_GEMM is \"mkl\"; expected one of blas, simd, avx512, avx512bf16."),
  ])
  func `wrong environment variables are refused`(_ environment: [String: String], _ message: String) {
    let fault = #expect(throws: ProcessorFault.self) { try Processor.checkEnvironment { environment[$0] } }
    #expect(fault?.description == message)
  }

  @Test(arguments: [[:], ["TUNE_GEMM": "blas"], ["TUNE_GEMM": "avx512bf16"]] as [[String: String]])
  func `known GEMM backends are accepted`(_ environment: [String: String]) throws {
    try Processor.checkEnvironment { environment[$0] }
  }

  @Test func `the CPU, its memory and OpenBLAS's core are reported`() throws {
    try Processor.initialize()
    #expect(Processor.blasCore != "none")
    #expect(!Processor.vectors.isEmpty)
    #expect(Processor.count >= 1)
    #expect(Processor.peakMemory > 1 << 20)
  }
}
