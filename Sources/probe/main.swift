import Adapters
import Autograd
import Kernels
import Models
import Tasks
import Training

struct Fake: Task {
  let sequences: [[Int32]], targets: [[Int32]]
  init(lengths: [Int], vocab: Int) {
    var g = SplitMix64(seed: 1)
    sequences = lengths.map { l in (0..<l).map { _ in Int32.random(in: 5..<Int32(vocab), using: &g) } }
    targets = lengths.map { l in (0..<l).map { _ in Int32.random(in: 0..<3, using: &g) } }
  }
  var lengths: [Int] { sequences.map(\.count) }
  func norm(of e: [Int]) -> Float { Float(e.reduce(0) { $0 + sequences[$1].count }) }
  func loss(_ model: TextModel, _ e: [Int], norm: Float, _ pass: Pass) -> Double {
    crossEntropy(model(Batch(e.map { sequences[$0] }), pass), targets: e.flatMap { targets[$0] }, norm: norm, pass)
  }
  func evaluate(_ model: TextModel, on split: Split, _ run: Runner) -> Evaluation? { nil }
}
try Processor.start()
let a = CommandLine.arguments
let threads = Int(a[2])!, batch = Int(a[3])!, length = Int(a[4])!, steps = Int(a[5])!
let model = try TextModel(folder: a[1], kind: .tokens, classes: 3, reuseHead: false)
var lengths: [Int] = []
var g = SplitMix64(seed: 3)
for _ in 0..<batch * steps { lengths.append(length > 0 ? length : Int.random(in: 10...60, using: &g)) }
let task = Fake(lengths: lengths, vocab: model.config.vocabulary)
var settings = TrainingSettings()
settings.batchSize = .examples(batch)
settings.length = .steps(steps)
settings.learningRate = 1e-3
let table: ParameterTable
var keep: Adapter?
if a[6] == "full" { table = ParameterTable(training: model.parameters) } else {
  var c = LoRAConfig(); c.rank = 16; c.alpha = 16; c.targets = a[6] == "qv" ? .suffixes(["query", "value"]) : .allLinear
  let adapter = try Adapter(c, on: model, seed: 1); adapter.attach(); keep = adapter
  table = ParameterTable(training: adapter.trainable)
}
let trainer = try Trainer(model, task, table, settings, Replicas(threads: threads))
var last = 0.0; var rates: [Double] = []
let r = try trainer.run(shouldStop: { false }) { if case .step(let s) = $0 { rates.append(Double(s.tokens) / (s.seconds - last)); last = s.seconds; if s.step <= 3 || s.step == steps { print(s.step, s.loss, s.gradientNorm) } } }
rates.sort()
print("params", table.count, "tok/s", r.tokens, Double(r.tokens) / r.trainSeconds, "median", rates[rates.count / 2], "peak MB", Processor.peakMemory / 1_000_000, Processor.blasCore)
