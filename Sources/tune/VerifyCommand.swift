/// `tune adapter verify`: whether an adapter is complete, belongs to its base, and scores as its run recorded.
import ArgumentParser
import Files
import Kernels
import Reporting
import Runs
import Serving
import Tasks

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check an adapter against its base, and its scores against those of its run.",
    discussion: """
      One line for each check, ok, FAILED or skipped: the config, the task, the base's weights and settings, the tokenizer, \
      the tensors, the labels, and the score. An adapter in the folder of its run is evaluated again on the test files of the recipe, or \
      on those of --data, as tune eval reads them; each headline metric must be the recorded one up to --tolerance. The exit \
      status is 1 if a check failed.
      """)

  @Argument(help: "The folder of an adapter or a run.", completion: .directory)
  var folder: String
  @Option(
    help: ArgumentHelp("The base model's folder or name on the Hub. Default: the run's.", valueName: "model"),
    completion: .directory)
  var base: String?
  @Option(
    help: ArgumentHelp(
      "A file to evaluate on in place of the run's test files. May be repeated if the run had several.",
      valueName: "file"),
    completion: .file())
  var data: [String] = []
  @Option(
    help: ArgumentHelp(
      "The largest difference of a metric; of a loss or perplexity above 1, relative to it.", valueName: "number"))
  var tolerance = 0.001
  @Flag(help: "Print the checks as JSON.")
  var json = false
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption

  func validate() throws {
    if !(tolerance >= 0 && tolerance.isFinite) {
      throw ValidationError("--tolerance: expected a number of at least 0, found \(tolerance).")
    }
  }

  func run() throws {
    let folder = try RunParts.adapter(folder)
    // A damaged tune.json is a check that fails.
    let precision = (try? precision.value(for: [folder])) ?? .fp32
    let base = try baseAndAdapter(base ?? ownBase(of: folder)).base
    try threads.start(precision, quiet: true)
    let served = try ServedBase(folder: base, precision: precision, anyBase: true, threads: threads.count)
    let verification = AdapterVerification(folder, on: served)
    let scores = ScoreCheck(files: data, tolerance: tolerance, threads: threads.count)
      .result(of: verification.member, folder, base: base)
    let checks = verification.checks + [scores.check], hasFailed = checks.contains { $0.outcome == .failed }
    if json {
      var members: [String: JSON] = [
        "ok": .bool(!hasFailed),
        "checks": .array(
          checks.map {
            [
              "name": .string($0.name), "outcome": .string($0.outcome.rawValue.lowercased()),
              "detail": .string($0.detail),
            ]
          }),
      ]
      members["scores"] = scores.json
      try emit(.object(members), pretty: true)
    } else {
      for check in checks { try emit(line(check)) }
    }
    if hasFailed { throw ExitCode.failure }
  }

  /// The base of the run that the adapter is in.
  private func ownBase(of folder: String) throws -> String {
    guard let run = RunParts.run(ofAdapter: folder),
      let base = try JSON(path: run + "/recipe.json")["model"]?["path"]?.string
    else {
      throw ValidationError("Expected --base: \(folder) is not in the folder of a run, which would know its base.")
    }
    guard fileExists(base + "/config.json") else {
      throw ValidationError(
        "Expected --base: the run's base '\(base)' (by recipe.json, from the folder in which the run began) is not here."
      )
    }
    return base
  }

  /// "tensors    ok       …", with further lines of the detail below its first.
  private func line(_ check: AdapterVerification.Check) -> String {
    let padded = [(check.name, 11), (check.outcome.rawValue, 9)].map { text, width in
      text + String(repeating: " ", count: width - text.count)
    }.joined()
    return padded + check.detail.replacing("\n", with: "\n" + String(repeating: " ", count: 20))
  }
}
