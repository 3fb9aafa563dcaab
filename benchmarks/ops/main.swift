/// Times every kernel on one thread, a JSON line each on stdout. Does not judge: `benchmarks/` keeps what was recorded.
/// `bench-ops [part of a kernel's name]`
import CKernels
import Kernels

try Processor.initialize()
let bench = Bench(only: CommandLine.arguments.dropFirst().first)
for (d, hidden) in [(384, 1536), (768, 3072)] {
  bench.products(n: 512, d: d, hidden: hidden)
  bench.norms(n: 512, d: d)
  bench.elementwise(n: 512, d: d, hidden: hidden)
}
bench.attention(sequences: 16, t: 35, heads: 12, width: 32)
bench.attention(sequences: 4, t: 128, heads: 12, width: 64)
bench.attention(sequences: 1, t: 512, heads: 12, width: 64)
bench.losses()
bench.optimizer()
