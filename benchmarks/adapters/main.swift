/// bench-adapters: a served base with many adapters. What mixing them in a pass costs, and loading and switching.
import ArgumentParser
import Autograd
import Datasets
import Encoders
import Files
import Glibc
import Kernels
import Serving
import Tasks
import Training

struct BenchAdapters: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-adapters",
    abstract: "Measures requests for many adapters of one base, and prints a JSON object.",
    discussion: """
      Saves adapters with random weights in FOLDER: 64 of six methods, ranks 4 to 32 and three tasks ("mixed"), 16 LoRAs of \
      one task, which PEFT can mix ("loras"), and a LoRA of rank 16 ("one"). Requests are lines of TEXTS, each for an \
      adapter at random; those for the LoRAs are in FOLDER/requests.jsonl, for benchmarks/mixed_adapters.py.
      """)

  @Argument(help: "The base model's folder.") var model: String
  @Argument(help: "A file with a text per line.") var texts: String
  @Argument(help: "A new folder for adapters.") var folder: String
  @Option(help: "Requests per round.") var requests = 1024
  @Option(help: "Rounds; medians are printed.") var rounds = 5
  @Option(help: "Threads.") var threads = 2
  @Option(help: "fp32, bf16 or int8.") var precision = "fp32"
  @Option(help: "Adapters to load for the figures of loading.") var loads = 1000

  func run() throws {
    try Processor.initialize()
    guard let precision = InferencePrecision(rawValue: self.precision) else {
      throw ValidationError("--precision: \"\(self.precision)\"; expected fp32, bf16 or int8.")
    }
    let base = try ServedBase(folder: model, precision: precision, threads: threads)
    let makers = try AdapterMaker(base: model, folder: folder)
    let mixed = try makers.mixed().map { try base.load(name: $0, folder: "\(folder)/\($0)") }
    let loras = try makers.loras().map { try base.load(name: $0, folder: "\(folder)/\($0)") }
    let one = try base.load(name: "one", folder: "\(folder)/" + makers.one())
    let records = try readText(texts).split(separator: "\n").prefix(requests).enumerated().map { index, text in
      Record(id: "\(index)", texts: [String(text)])
    }
    var random = SystemRandom(state: 1)
    func request(_ members: [Member]) -> [(record: Record, member: Member)] {
      records.map { ($0, members[Int(random.next() % UInt64(members.count))]) }
    }
    let workloads: [(name: String, requests: [(record: Record, member: Member)])] = [
      ("one", request([one])), ("mixed", request(mixed)), ("loras", request(loras)),
    ]
    let lines = workloads[2].requests.map { request -> String in
      JSON.object(["adapter": .string(request.member.name), "text": .string(request.record.texts[0])]).text(
        pretty: false)
    }
    try writeFile(lines.joined(separator: "\n") + "\n", to: folder + "/requests.jsonl")
    let replicas = Replicas(threads: threads)
    var times: [String: [Double]] = [:]
    for round in 0...rounds {
      for (name, requests) in workloads {
        let time = try seconds { _ = try base.predict(requests, replicas.forEach) }
        if round > 0 { times[name, default: []].append(time) }
      }
    }
    func ratio(_ name: String) -> JSON {
      .double(median(zip(times["one"] ?? [], times[name] ?? []).map { $0 / $1 }))
    }
    var result: [String: JSON] = [
      "precision": .string(precision.rawValue), "threads": .int(threads), "requests": .int(records.count),
      "seconds": .object(times.mapValues { .double(median($0)) }), "mixed_throughput_of_one": ratio("mixed"),
      "loras_throughput_of_one": ratio("loras"), "switch_ms": .double(try switchTime(one, loras[0]) * 1e3),
    ]
    result["loading"] = try loading(base)
    print(JSON.object(result).text())
  }

  /// Seconds that a pass takes longer if the adapter is another one than in the pass before.
  private func switchTime(_ first: Member, _ second: Member) throws -> Double {
    let workspace = Workspace(), batch = Batch([[101, 2023, 2003, 1037, 3231, 102]])
    func pass(_ member: Member) -> Double {
      seconds { _ = member.model(batch, adapters: member.adapters, Pass(workspace)) }
    }
    var same: [Double] = [], other: [Double] = []
    for _ in 0..<1000 {
      _ = pass(first)
      same.append(pass(first))
      _ = pass(second)
      other.append(pass(first))
    }
    return max(0, median(other) - median(same))
  }

  /// Loading a LoRA of rank 8 while 1, 100 and `loads` adapters are in memory.
  private func loading(_ base: ServedBase) throws -> JSON {
    let folder = try AdapterMaker(base: model, folder: folder).small(), path = "\(self.folder)/\(folder)"
    var members: [Member] = [], times: [Double] = [], memory = 0, result: [String: JSON] = [:]
    for count in 1...loads {
      if count == 2 { memory = residentMemory() }
      times.append(try seconds { members.append(try base.load(name: "\(count)", folder: path)) })
      if [1, 100, loads].contains(count) {
        result["load_ms_at_\(count)"] = .double(median(Array(times.suffix(20))) * 1e3)
      }
    }
    result["mb_each"] = .double(Double(residentMemory() - memory) / Double(loads - 1) / 1e6)
    return .object(result)
  }
}

private func seconds(_ body: () throws -> Void) rethrows -> Double {
  try ContinuousClock().measure(body) / .seconds(1)
}

private func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted.isEmpty ? 0 : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// Bytes.
private func residentMemory() -> Int {
  let fields = (try? readText("/proc/self/statm"))?.split(separator: " ") ?? []
  return (Int(fields.count > 1 ? fields[1] : "0") ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
}

/// A generator of random numbers with a seed.
private struct SystemRandom {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}

BenchAdapters.main()
