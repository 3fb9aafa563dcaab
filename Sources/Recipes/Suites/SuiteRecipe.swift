/// The benchmark of a suite as a recipe: what `tune bench` would be given to train its sets by its rules.
package import Files
import Tasks

package struct SuiteRecipe {
  /// The method that a user names: its name, and its part of the recipe.
  package struct Method {
    package let name: String
    let part: [String: JSON]

    /// Learning rates that are searched: BLURB's for full fine-tuning, and for other methods their default with 0.3 and 3
    /// times of it.
    fileprivate let learningRates: [Double]
    fileprivate let hasOwnRates: Bool
    /// Settings of the user that change what the suite prescribes: "training.epochs".
    package let departures: [String]
    /// Of some hundred steps, which for full fine-tuning with BLURB's rates are too few to learn anything.
    fileprivate var quickRate: Double { part["method"]?["type"] == "full" ? 1e-4 : learningRates.last ?? 1e-3 }
  }

  package let json: JSON
  /// Messages for the user that are not errors.
  package let notes: [String]
  /// The tokens that the base can read.
  private let limit: Int
  /// Sets of which the suite reads more tokens than that.
  private let isCut: Set<String>
  private let hasOtherSizes: [String]

  /// What a quick look sets: one epoch in batches of 8 with one seed.
  package static let quickSettings: Set = ["training.epochs", "training.max_steps", "training.batch_size", "seed"]

  /// What of the base and the files is not as the suite prescribes for these sets: "16 positions", "sizes of GAD".
  package func departures(of sets: Set<String>) -> [String] {
    (isCut.isDisjoint(with: sets) ? [] : ["\(limit) positions"])
      + hasOtherSizes.filter(sets.contains).map { "sizes of \($0)" }
  }

  /// - Parameters:
  ///   - base: the model's folder.
  ///   - name: what the user calls it.
  ///   - isQuick: one epoch of 1,000 examples with one seed, one learning rate and one batch size.
  /// - Throws: `FileFault` if the model's config.json cannot be read.
  package init(
    _ suite: PreparedSuite, base: String, named name: String, method: Method, output: String, isQuick: Bool
  ) throws {
    let config = try JSON(path: base + "/config.json")
    // RoBERTa's positions begin after the padding token's.
    let offset = config["model_type"]?.string.map { $0.contains("roberta") } == true ? 2 : 0
    let limit = (config["max_position_embeddings"]?.int ?? 512) - offset
    var tasks: [String: JSON] = [:], cut: [String] = []
    for found in suite.found {
      let set = found.set
      if set.maxLength > limit { cut.append(set.name) }
      var part = set.sections(found.files, maxLength: min(set.maxLength, limit))
      part["training"] = ["epochs": .int(isQuick ? 1 : set.epochs), "metric_for_best_model": .string(set.metric)]
      part["sweep"] = ["seed": .array((1...(isQuick ? 1 : set.seeds)).map(JSON.int))]
      if isQuick {
        part["data"] = .object(
          (part["data"]?.object ?? [:]).merging(["max_train_examples": 1000, "max_dev_examples": 200]) { $1 })
      }
      tasks[set.name] = .object(part)
    }
    notes =
      cut.isEmpty
      ? []
      : [
        "the base has \(limit) positions, fewer tokens than \(suite.suite.name) reads of \(cut.joined(separator: ", "))"
      ]
    self.limit = limit
    isCut = Set(cut)
    hasOtherSizes = suite.found.filter(\.hasOtherSizes).map(\.set.name)
    let rates = isQuick ? [method.quickRate] : method.learningRates
    var part = method.part
    if isQuick {
      // Whatever the method's file says.
      part["training"] = part["training"]?.object.map {
        .object($0.filter { !Self.quickSettings.contains("training.\($0.key)") })
      }
      part["sweep"] = part["sweep"]?.object.map { .object($0.filter { !Self.quickSettings.contains($0.key) }) }
    }
    if !method.hasOwnRates || isQuick {
      let sweep = part["sweep"]?.object ?? [:]
      part["sweep"] = .object(sweep.merging(["training.learning_rate": .array(rates.map(JSON.double))]) { $1 })
    }
    json = [
      "about": .string("\(suite.suite.name)\(isQuick ? " (quick look)" : ""): \(method.name) on \(name)"),
      "model": ["path": Environment.escape(.string(base))],
      "training": ["schedule": "linear", "warmup_ratio": 0.1, "weight_decay": 0],
      "bench": [
        "bases": [name: ["model": ["path": Environment.escape(.string(base))]]],
        "tasks": Environment.escape(.object(tasks)), "methods": [method.name: .object(part)],
      ],
      "sweep": ["training.batch_size": isQuick ? [8] : [16, 32]],
      "output": Environment.escape(.string(output)),
    ]
  }
}

extension SuiteRecipe.Method {
  /// A type of method, or a JSON file with the section "method", and possibly "training" and "sweep".
  /// - Throws: `FileFault`; `RecipeFaults` for a file with other sections.
  package init(_ argument: String) throws {
    if let type = Recipe.Method.MethodType(rawValue: argument) {
      (name, part, hasOwnRates) = (argument, ["method": ["type": .string(argument)]], false)
      (learningRates, departures) = (Self.rates(type), [])
      return
    }
    guard fileExists(argument) else {
      throw FileFault.malformed(
        file: argument, line: nil, found: "found neither a method nor a file",
        expected: Recipe.Method.MethodType.allCases.map(\.rawValue).joined(separator: ", ") + ", or a JSON file")
    }
    let files = try Extends.files(try JSON(path: argument), argument, Environment.process)
    var members = MergedFiles(files).members
    for key in ["about", "$schema"] { members[key] = nil }
    let allowed = ["method", "training", "sweep"]
    var faults = members.keys.filter { !allowed.contains($0) }.map { key in
      RecipeFault(
        key, "found this section", expected: "only \(allowed.joined(separator: ", "))",
        advice: key == "output" ? "Give it with --output." : "The model and the data are the suite's.")
    }
    let type = members["method"]?["type"]?.string.flatMap(Recipe.Method.MethodType.init)
    if type == nil {
      faults.append(RecipeFault("method.type", "missing or unknown", expected: "a method such as \"lora\""))
    }
    let key = "training.learning_rate", sweep = members["sweep"]?.object ?? [:],
      training = members["training"]?.object ?? [:]
    for name in sweep.keys.sorted() where name != "seed" && !name.hasPrefix("training.") && !name.hasPrefix("method.") {
      faults.append(
        RecipeFault(joinKeyPath("sweep", name), "found this axis", expected: "settings of the training and the method"))
    }
    if training["metric_for_best_model"] != nil || sweep["training.metric_for_best_model"] != nil {
      faults.append(RecipeFault("training.metric_for_best_model", "found a metric", expected: "none: it is the set's"))
    }
    let own = sweep[key]?.array?.compactMap(\.number)
    if let found = sweep[key], own?.isEmpty != false || own?.count != found.array?.count {
      faults.append(RecipeFault(joinKeyPath("sweep", key), "found \(found.shown)", expected: "a list of numbers"))
    }
    guard let type, faults.isEmpty else { throw RecipeFaults(file: argument, faults) }
    let file = lastPathComponent(argument)
    name = file.hasSuffix(".json") ? String(file.dropLast(5)) : file
    let fixed = members["training"]?["learning_rate"]?.number.map { [$0] }
    (part, hasOwnRates) = (members, own != nil)
    // Only full fine-tuning has rates that the suite prescribes.
    let ownKeys = training.keys.map { "training.\($0)" } + sweep.keys
    departures = Set(ownKeys).filter { $0 != key && !$0.hasPrefix("method.") || $0 == key && type == .full }.sorted()
    learningRates = own ?? fixed ?? Self.rates(type)
  }

  private static func rates(_ type: Recipe.Method.MethodType) -> [Double] {
    if type == .full { return [1e-5, 3e-5, 5e-5] }
    // Divided whole numbers are as a person would write them: 0.0003, not 0.00030000000000000003.
    let rate = Recipe.Method(type).settings.defaultLearningRate, millionths = (rate * 3e6).rounded()
    return [millionths / 1e7, rate, millionths / 1e6]
  }
}
