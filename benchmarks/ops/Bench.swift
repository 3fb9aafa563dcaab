/// The clock and the report: runs a kernel until the figure stands, and prints what it found. Does not know kernels.
import CKernels
import Glibc
import Kernels

/// Floats that live as long as the process, in ±1.
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

/// What a kernel does, as far as one can say: multiplications and additions, or bytes read and written.
enum Work {
  case operations(Int)
  case floats(Int)
}

struct Bench {
  let only: String?
  /// A tenth of what is dropped in training.
  var place = tune_dropout(
    key: (1, 2), step: 3, shard: 0, site: 1, threshold: 6554, scale: 1 / 0.9)

  init(only: String?) { self.only = only }

  /// The least and the median of fifteen rounds, each of 3 ms or more, on this thread's own clock: others on the machine
  /// slow the median, hardly the least, from which the rate is made.
  func time(_ kernel: String, _ shape: String, _ work: Work, _ body: () -> Void) {
    if let only, !kernel.contains(only) { return }
    body()
    let times = max(1, Int(0.003 / seconds(body)))
    let rounds = (0..<15).map { _ in seconds { for _ in 0..<times { body() } } / Double(times) }.sorted()
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
