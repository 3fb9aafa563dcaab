/// Times a kernel and prints a JSON line with the result. Does not define the kernels.
import CKernels
import Glibc
import Kernels

/// `count` pseudo-random floats in ±scale. Never freed.
func numbers(_ count: Int, scale: Float = 1) -> UnsafeMutablePointer<Float> {
  let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
    .bindMemory(to: Float.self, capacity: count)
  var state: UInt32 = 1
  for i in 0..<count {
    state = state &* 1_664_525 &+ 1_013_904_223
    memory[i] = scale * (Float(state >> 8) / Float(1 << 23) - 1)
  }
  return memory
}

/// The work of one call: floating-point operations, or floats read and written.
enum Work {
  case operations(Int)
  case floats(Int)
}

struct Bench {
  let filter: String?
  /// p = 0.1.
  var dropout = tune_dropout(
    key: (1, 2), step: 3, shard: 0, site: 1, threshold: 6554, first_row: 0, scale: 1 / 0.9)

  init(filter: String?) { self.filter = filter }

  /// Prints the minimum and the median of fifteen rounds of at least 3 ms, by this thread's CPU clock. The rate is
  /// computed from the minimum, which other processes on the machine hardly affect.
  func time(_ kernel: String, _ shape: String, _ work: Work, _ body: () -> Void) {
    if let filter, !kernel.contains(filter) { return }
    body()
    let calls = max(1, Int(0.003 / seconds(body)))
    let rounds = (0..<15).map { _ in seconds { for _ in 0..<calls { body() } } / Double(calls) }.sorted()
    let rate =
      switch work {
      case .operations(let count): "\"gflops\": \(tenths(Double(count) / rounds[0] / 1e9))"
      case .floats(let count): "\"gb_s\": \(tenths(Double(count) * 4 / rounds[0] / 1e9))"
      }
    print(
      "{\"kernel\": \"\(kernel)\", \"shape\": \"\(shape)\", \"us\": \(tenths(rounds[0] * 1e6)), "
        + "\"median_us\": \(tenths(rounds[7] * 1e6)), \(rate), "
        + "\"core\": \"\(Processor.blasCore)\", \"vectors\": \"\(Processor.vectors)\"}")
  }

  private func tenths(_ x: Double) -> Double { (x * 10).rounded() / 10 }

  private func seconds(_ body: () -> Void) -> Double {
    var (start, end) = (timespec(), timespec())
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
    body()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
    return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
  }
}
