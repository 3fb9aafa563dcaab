import Encoders
/// Tests workload names, operation counts and measurements of bench-steps.
import Files
import Kernels
import Tasks
import Testing

@testable import bench_steps

@Test func `a workload's shape and mode may be in either order`() throws {
  let first = try #require(Workload("infer-base-32x128")), second = try #require(Workload("base-infer-32x128"))
  #expect(first.shape == .base && first.mode == .infer && first.sequences == 32 && first.tokens == 128)
  #expect((second.shape, second.mode) == (first.shape, first.mode))
  #expect(Workload.defaults.allSatisfy { Workload($0) != nil })
}

@Test(arguments: [
  "", "base-8x128", "base-full", "large-full-8x128", "base-base-8x128", "base-full-0x128", "base-full-8x",
  "modern-distil-8x8",
])
func `a name that is not a workload is refused`(_ name: String) { #expect(Workload(name) == nil) }

@Test func `ragged lengths match peer_steps.py`() throws {
  // [8 + 37 * i % (64 - 7) for i in range(6)]
  #expect(try #require(Workload("mini-lora-6x64")).lengths(ragged: true) == [8, 45, 25, 62, 42, 22])
  #expect(try #require(Workload("mini-lora-2x64")).lengths(ragged: false) == [64, 64])
}

/// torch 2.15's FlopCounterMode over transformers 5.23 and PEFT 0.21.2, attn_implementation="eager": one forward, and
/// for full and lora `loss.backward()`, of BertForSequenceClassification (num_labels 2) with 2 sequences of 24 tokens;
/// LoraConfig(task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=["query", "value"]).
@Test(arguments: [
  ("mini-infer-2x24", 1_030_425_600), ("mini-full-2x24", 3_091_276_800), ("mini-lora-2x24", 2_048_762_880),
  ("base-infer-2x24", 8_198_559_744), ("base-full-2x24", 24_595_679_232), ("base-lora-2x24", 16_351_709_184),
])
func `operation counts match torch's`(_ name: String, _ count: Int) throws {
  let workload = try #require(Workload(name))
  #expect(workload.operations(try workload.config(), lengths: workload.lengths(ragged: false)) == count)
}

/// ModernBERT-base: 22 layers, of which 8 read all tokens and the others at most 64 to either side.
@Test func `operation counts of ModernBERT`() throws {
  func operations(_ name: String) throws -> Int {
    let workload = try #require(Workload(name))
    return workload.operations(try workload.config(), lengths: workload.lengths(ragged: false))
  }
  let (d, t, heads) = (768, 200, 2 * 768 * 768 + 2 * 768 * 2)
  let linear = 2 * t * 22 * (4 * d * d + 3 * d * 1152), scores = 8 * t * t + 14 * (t * 129 - 64 * 65)
  let infer = linear + 4 * d * scores + heads
  #expect(try operations("modern-infer-1x200") == infer)
  #expect(try operations("modern-full-1x200") == 3 * infer)
  let backward = linear - 6 * t * d * d + 8 * d * scores + heads + 2 * d * 2
  let adapters = 2 * t * 8 * d * (12 * 22 - 1)
  #expect(try operations("modern-lora-1x200") == infer + backward + adapters)
}

@Test func `operations of ragged sequences add up`() throws {
  let workload = try #require(Workload("mini-lora-6x64")), config = try workload.config()
  let lengths = workload.lengths(ragged: true)
  let single = lengths.map { workload.operations(config, lengths: [$0]) }
  #expect(workload.operations(config, lengths: lengths) == single.reduce(0, +))
}

/// `sum(p.numel() for p in model.parameters() if p.requires_grad)` of the models above, with vocabulary size 30522.
@Test(arguments: [("mini-lora-2x8", 74_498), ("infer-mini-1x120", 0), ("mini-distil-2x8", 17_420_346)])
func `a measurement trains the parameters that PyTorch and PEFT train, and its figures are consistent`(
  _ name: String, _ trainableParameters: Int
) throws {
  let workload = try #require(Workload(name))
  let measurement = Measurement(
    workload: workload, precision: .fp32, threads: 2, steps: 2, ragged: false, gradientCheckpointing: false)
  let json = try measurement.run()
  #expect(json["trainable_parameters"]?.int == trainableParameters)
  #expect(json["tokens"]?.int == workload.sequences * workload.tokens)
  let gflops = try #require(json["gflops"]?.number), peak = try #require(json["sgemm_peak_gflops"]?.number)
  let minimum = try #require(json["least_seconds"]?.number), median = try #require(json["median_seconds"]?.number)
  let operations = try #require(json["flops_per_step"]?.number), fraction = try #require(json["share_of_peak"]?.number)
  #expect(minimum > 0 && minimum <= median)
  #expect(abs(gflops * minimum * 1e9 / operations - 1) < 0.05)
  #expect(abs(fraction * peak / gflops - 1) < 0.05)
}

/// The same count for BertForMaskedLM under no_grad and then DistilBertForMaskedLM, with 2 sequences of 24 tokens and
/// `logits.sum().backward()`.
@Test(arguments: [("mini-distil-2x24", 7_131_856_896), ("base-distil-2x24", 29_718_282_240)])
func `operation counts of distillation match torch's`(_ name: String, _ count: Int) throws {
  let workload = try #require(Workload(name))
  #expect(workload.operations(try workload.config(), lengths: workload.lengths(ragged: false)) == count)
}

@Test func `masked positions match peer_steps.py`() {
  #expect(Synthetic.maskedPositions(length: 20) == [0, 6, 13])
  #expect(Synthetic.maskedPositions(length: 1) == [0])
  #expect(Synthetic.maskedPositions(length: 128).count == 19)
  let task = Synthetic(lengths: [20, 8], headType: .maskedLM), batch = task.batch([1, 0], at: 0)
  #expect(batch.rows == [0, 8, 14, 21])
  #expect(batch.targets == .classes([task.sequences[1][0]] + [0, 6, 13].map { task.sequences[0][$0] }))
  #expect(batch.input.ids.indices.filter { batch.input.ids[$0] == Synthetic.mask } == [0, 8, 14, 21])
}

@Test func `the second of two cached epochs does not run the teacher`() throws {
  let workload = try #require(Workload("mini-distil-40x8"))
  let json = try CachedEpochs(
    workload: workload, precision: .fp32, threads: 2, ragged: false, gradientCheckpointing: false
  ).run()
  #expect(json["misses"]?.int == 40 && json["steps"]?.int == 2 && json["tokens"]?.int == 320)
  let uncached = try #require(json["uncached_seconds"]?.number), cached = try #require(json["cached_seconds"]?.number)
  let ratio = try #require(json["times_faster"]?.number)
  #expect(uncached > 0 && cached > 0 && abs(ratio * cached / uncached - 1) < 0.05)
}

@Test func `inference batches keep the order and the token limit`() {
  let task = Synthetic(lengths: [100, 100, 100, 300, 10, 10])
  let batches = task.batches(tokens: 256)
  #expect(batches.map(\.count) == [200, 100, 300, 20])
  #expect(batches.flatMap(\.ids) == task.sequences.flatMap { $0 })
}
