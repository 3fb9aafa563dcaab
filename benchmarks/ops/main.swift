/// Times every kernel on one thread and prints a JSON line for each. Does not compare with recorded results.
/// `bench-ops [part of a kernel's name]`
import CKernels
import Kernels

try Processor.initialize()
let bench = Bench(filter: CommandLine.arguments.dropFirst().first)
for (d, intermediateSize) in [(384, 1536), (768, 3072)] {
  bench.gemms(n: 512, d: d, intermediateSize: intermediateSize)
  bench.norms(n: 512, d: d)
  bench.elementwise(n: 512, d: d, intermediateSize: intermediateSize)
}
bench.attention(sequences: 16, t: 35, heads: 12, headSize: 32)
bench.attention(sequences: 4, t: 128, heads: 12, headSize: 64)
bench.attention(sequences: 1, t: 512, heads: 12, headSize: 64)
for t in [1024, 8192] { bench.tiledAttention(t: t, window: 64, heads: 12, headSize: 64) }
for t in [1024, 4096] { bench.tiledAttention(t: t, window: nil, heads: 12, headSize: 64) }
bench.preNorm(n: 512, d: 768, intermediateSize: 1152)
bench.losses()
bench.optimizer()
