/// Every behaviour of every method on every family, with tiny models: each cell of `BehaviourMatrix.swift` works, or is refused
/// with the words that are listed there.
import Adapters
import Autograd
import Checkpoints
import Datasets
import Encoders
import Files
import FoundationEssentials
import Hashing
import Kernels
import Tasks
import TestSupport
import Testing
import Tokenization
import Training

@testable import Recipes
@testable import Runs
@testable import Serving

@Test func `every method and family is in the matrix, and every refusal is of a cell`() throws {
  let types = Set(MatrixMethod.all.compactMap { $0.section["type"]?.string })
  #expect(types == Set(Recipe.Method.MethodType.allCases.map(\.rawValue)))
  let names = MatrixMethod.all.map(\.name)
  #expect(Set(names).count == names.count)
  for refusal in Refusal.all { #expect(refusal.methods.allSatisfy(names.contains), "\(refusal.methods)") }
}

@Test(arguments: Family.allCases)
func `every method trains, loads, saves, merges, is swapped, mixed, resumed and cached, or says why not`(
  _ family: Family
) throws {
  let bench = try FamilyBench(family)
  for method in MatrixMethod.all {
    let cell = Cell(bench: bench, method: method, folder: "\(bench.folder.path)/\(method.name)")
    for behaviour in Behaviour.allCases {
      let words = Refusal.words(behaviour, method.name, family), context = "\(method.name), \(behaviour.rawValue)"
      var found: String?
      do { try cell.check(behaviour, context) } catch { found = "\(error)" }
      switch (found, words) {
      case (nil, nil): break
      case (let found?, let words?): #expect(found.contains(words), "\(context)")
      case (let found?, nil): Issue.record("\(context): \(found)")
      case (nil, let words?): Issue.record("\(context) works; expected the refusal \"\(words)\"")
      }
      if behaviour == .train, found != nil { break }
    }
    // Several hundred runs; only the last adapters are needed.
    try? FileManager.default.removeItem(atPath: cell.folder)
  }
}

/// A family's tiny model with a tokenizer, data, and an adapter beside which the others answer.
private struct FamilyBench {
  let family: Family
  let folder = TemporaryFolder()
  var base: String { folder.path + "/base" }
  var data: String { folder.path + "/train.tsv" }
  let other: String

  init(_ family: Family) throws {
    try Processor.initialize()
    self.family = family
    other = folder.path + "/other/adapter"
    let tiny = family == .bert || family == .distilbert ? "tiny-\(family)" : "families/\(family)-token"
    try FileManager.default.copyItem(atPath: fixture(tiny), toPath: base)
    if !hasTokenizer(base) { try loadTokenizer(folder: fixture("tiny-bert")).save(to: base, hasTokenTypes: true) }
    // Two shards a step, so that two threads have something to do. The new token is in every sentence.
    let sentences = (0..<32).map { sentence in
      var rng = SplitMix64(seed: UInt64(sentence))
      return (["@A$"] + (0..<30 + sentence % 8).map { _ in rng.pick(["a", "b", "c", "d", "e", "f"]) }).map { word in
        "\(word)\t\(["b": "B-A", "c": "B-B"][word] ?? "O")\n"
      }.joined()
    }
    try writeFile(sentences.joined(separator: "\n"), to: data)
    _ = try train(["type": "lora", "rank": 2], seed: 5, in: folder.path + "/other")
  }

  /// Trains two steps an epoch, from the snapshot after `stop` steps if that is not nil.
  @discardableResult
  func train(
    _ method: JSON, _ changes: [String: JSON] = [:], seed: Int = 3, threads: Int = 2, stop: Int? = nil,
    in output: String
  ) throws -> Run {
    var json: JSON = [
      "seed": .int(seed), "model": ["path": .string(base), "dropout": 0.1, "attention_dropout": 0.1],
      "task": ["type": "token_classification"], "data": ["format": "conll", "train": .string(data)], "method": method,
      "training": ["epochs": 1, "batch_size": 16, "learning_rate": 5e-3], "logging": ["report": false],
      "output": .string(output),
    ]
    if method["type"] == "trainable_tokens" { json = json.with("model.new_tokens", ["@A$"]) }
    for (key, value) in changes { json = json.with(key, value) }
    let recipe = try Recipe(json: json)
    func execute(_ mode: RunMode, stop: Int?) throws -> (Run, status: JSON?) {
      let run = try RunBuilder(recipe, threads: threads).build(), folder = try RunFolder(recipe, mode)
      try folder.begin()
      let result = try run.execute(
        in: folder, resume: mode == .resume, shouldStop: { stop.map { run.trainer.step >= $0 } ?? false },
        report: { _ in })
      return (run, result["status"])
    }
    if let stop { #expect(try execute(.new, stop: stop).status == "interrupted") }
    let (run, status) = try execute(stop == nil ? .new : .resume, stop: nil)
    #expect(status == "completed" && run.trainer.step == run.trainer.steps)
    return run
  }
}

/// A method on a family.
private struct Cell {
  let bench: FamilyBench
  let method: MatrixMethod
  let folder: String

  private var run: String { folder + "/run" }
  private var isFull: Bool { method.section["type"] == "full" }

  func check(_ behaviour: Behaviour, _ context: String) throws {
    switch behaviour {
    case .train:
      let trained = try bench.train(method.section, in: run)
      let tolerance = ["adalora", "pissa", "olora"].contains(method.name) ? 1e-4 : 1e-5
      // In the run's memory, and as it was saved.
      let found = trained.model(batch, adapters: trained.adapters, Pass(Workspace())).array
      #expect(relativeError(try logits(member()), found) < tolerance, "\(context)")
    case .load:
      #expect(try logits(member()) == logits(member()), "\(context)")
      #expect(try logits(member()) != logits(ServedBase(folder: bench.base).load(name: "other", folder: bench.other)))
    case .save: try checkSaved(context)
    case .merge:
      let merged = folder + "/merged", adapter = try RunParts.adapter(run)
      try MergedModel(base: bench.base, adapter: adapter, anyBase: false).save(to: merged, as: .f32)
      #expect(relativeError(try logits(ServedBase(folder: merged).own()), try logits(member())) < 1e-5, "\(context)")
    case .swap:
      let base = try ServedBase(folder: bench.base), adapter = try RunParts.adapter(run)
      let first = try base.load(name: "a", folder: adapter), answer = logits(first)
      #expect(try logits(base.load(name: "a", folder: bench.other)) != answer, "\(context)")
      #expect(try logits(first) == answer && logits(base.load(name: "a", folder: adapter)) == answer, "\(context)")
    case .mix: try checkMixed(context)
    case .resume:
      try bench.train(method.section, stop: 1, in: folder + "/resumed")
      #expect(try weights(folder + "/resumed") == weights(run), "\(context)")
    case .threads:
      try bench.train(method.section, threads: 1, in: folder + "/alone")
      #expect(try weights(folder + "/alone") == weights(run), "\(context)")
    case .bf16:
      try bench.train(method.section, ["precision": "bf16"], in: folder + "/bf16")
      #expect(try weights(folder + "/bf16") != weights(run), "\(context)")
      let exact = try logits(member())
      for found in [try logits(member(of: folder + "/bf16")), try logits(member(.bf16))] {
        #expect(relativeError(found, exact) < 0.1 && found != exact, "\(context): \(relativeError(found, exact))")
      }
    case .int8:
      let exact = try logits(member()), found = try logits(member(.int8))
      let error = zip(found, exact).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(exact.count)
      #expect(error > 0 && error < 0.05 * (exact.map(abs).max() ?? 0), "\(context): \(error)")
    case .cachedStates: try checkCached(context)
    }
  }

  /// Loaded and saved again, the weights have the same bytes.
  private func checkSaved(_ context: String) throws {
    let again = folder + "/again"
    if let adapter = try member().adapter {
      try adapter.save(to: again + "/adapter", base: "base", head: .tokenClassification)
    } else {
      let labels = try ModelConfig(folder: run + "/model").labels
      try TextModel(
        folder: run + "/model", headType: .tokenClassification, classes: labels.count, reuseHead: true
      ).save(to: again + "/model", labels: labels, problemType: nil, as: .f32)
    }
    let (found, expected) = (try weights(again), try weights(run))
    #expect(found == expected, "\(context)")
  }

  private func checkMixed(_ context: String) throws {
    let base = try ServedBase(folder: bench.base)
    let members = [
      try base.load(name: "a", folder: RunParts.adapter(run)), try base.load(name: "b", folder: bench.other),
    ]
    let parallel: ParallelFor = { for index in 0..<$0 { $1(index, Workspace()) } }
    let requests = ["a b c", "d e f g aspirin liver", "b"].flatMap { text in
      members.map { (record: Record(id: text, texts: [text]), member: $0) }
    }
    let found = try base.predict(requests, keepsLogits: true, parallel)
    for (request, found) in zip(requests, found) {
      let alone = try base.predict([request], keepsLogits: true, parallel)[0]
      for (found, alone) in zip(found.sequences, alone.sequences) {
        #expect(relativeError(found.logits.values, alone.logits.values) < 5e-5, "\(context)")
      }
    }
  }

  /// A run that changes upper layers only has the same bytes with the states below them cached.
  private func checkCached(_ context: String) throws {
    let section = method.section.object ?? [:], upper = method.upperLayers(bench.family)?.object ?? [:]
    let json = JSON.object(section.merging(upper) { $1 })
    func train(_ mode: JSON) throws -> Run {
      try bench.train(
        json,
        [
          "training.epochs": 2, "training.cache_hidden_states": mode, "model.dropout": 0, "model.attention_dropout": 0,
        ],
        in: "\(folder)/cached-\(mode.string ?? "")")
    }
    let cached = try train("on")
    #expect(cached.hiddenStates != nil && cached.hiddenStates?.cache.missCount == 32, "\(context)")
    _ = try train("off")
    if GEMMBackend.selected > .blas {
      #expect(try weights(folder + "/cached-on") == weights(folder + "/cached-off"), "\(context)")
    } else {
      let found = try ["on", "off"].map { try logits(member(of: "\(folder)/cached-\($0)")) }
      #expect(relativeError(found[0], found[1]) < 1e-3, "\(context)")
    }
  }

  /// What a run trained, as it answers.
  private func member(_ precision: InferencePrecision = .fp32, of run: String? = nil) throws -> Member {
    let run = run ?? self.run
    return isFull
      ? try ServedBase(folder: RunParts.model(run), precision: precision).own()
      : try ServedBase(folder: bench.base, precision: precision).load(name: "a", folder: RunParts.adapter(run))
  }

  private func logits(_ member: Member) -> [Float] {
    member.model(batch, adapters: member.adapters, Pass(Workspace())).array
  }

  /// The bytes of the files with the weights of a run.
  private func weights(_ run: String) throws -> [Data] {
    let files = isFull ? [run + "/model/model.safetensors"] : AdapterFormat.weights(in: run + "/adapter")
    return try files.map { try readFile($0) }
  }
}

/// A few sequences of the tiny models' tokens.
private let batch = Batch([[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], [2, 30, 31, 7, 3]])
