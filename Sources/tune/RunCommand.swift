/// `tune run`: train from a recipe.
import ArgumentParser
import Files
import Kernels
import Ranks
import Recipes
import Reporting
import Runs
import Tasks
import Training

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Train a model or an adapter from a recipe.",
    discussion: "Paths in a recipe are relative to the working directory. A setting is overridden by key.path=value.")

  @Argument(
    help: "A recipe file, the name of a recipe that ships with tune (see 'tune ls'), or the folder of a run.",
    completion: .file())
  var recipe: String
  @Argument(help: "Settings that override the recipe's, such as training.epochs=1 method.rank=4.")
  var overrides: [String] = []
  @OptionGroup var files: SetFileOption
  @OptionGroup var threads: ThreadOption
  @Flag(help: "Resume an interrupted run.")
  var resume = false
  @Flag(help: "Replace an earlier run in the output folder.")
  var overwrite = false
  @Flag(help: "Write nothing; estimate memory, time and disk space from a few steps.")
  var dryRun = false
  @Flag(help: "Print result.json, or the estimate of --dry-run, as JSON instead of a summary.")
  var json = false

  func validate() throws {
    if dryRun && (resume || overwrite) {
      throw ValidationError("--dry-run writes nothing and excludes --resume and --overwrite.")
    }
    if resume && overwrite { throw ValidationError("--resume and --overwrite exclude each other.") }
  }

  func run() throws {
    let path = try RecipeLibrary.path(of: recipe)
    if let sweep = try Sweep.load(path: path, overrides: overrides, setFiles: files.values) {
      if dryRun {
        sweep.announce()
        return try GridEstimateTable(grid: RunGrid(sweep), threads: threads, json: json).run()
      }
      return try SweepRun(sweep, resume ? .resume : overwrite ? .overwrite : .new, threads, json: json).run()
    }
    func load() throws -> Recipe { try Recipe.load(path: path, overrides: overrides, setFiles: files.values) }
    if dryRun { return try estimate(load()) }
    Interrupt.keepSIGUSR1()
    // Before anything that may fail: then one rank reports a fault, and ends all.
    let ranks = try Launch().map { try MPICommunicator($0) }, recipe = try load()
    if let ranks, ranks.rank > 0 { return try follow(recipe, ranks) }
    let folder = try RunFolder(recipe, resume ? .resume : overwrite ? .overwrite : .new)
    if let result = folder.finished {
      _ = ranks?.broadcast(false)
      try folder.begin()
      var data = DataChanges()
      let changed = try data.changed(since: result, recipe)
      note("\(recipe.output): the run is already finished; nothing to resume")
      if !changed.isEmpty {
        note("note: \(changed.joined(separator: ", ")) has changed since; --overwrite repeats the run")
      }
      try show(result, recipe, in: folder.path)
      ranks?.end()
      return
    }
    _ = ranks?.broadcast(true)
    try threads.start(InferencePrecision(recipe.precision))
    let console = Console(interval: recipe.training.loggingSteps)
    let run = try RunBuilder(
      recipe, threads: threads.count, communicator: ranks.map { $0 as any Communicator } ?? SingleProcess()
    ).build()
    try run.checkEqualRanks(resume: resume)
    let interrupt = Interrupt(recipe, ranks: ranks)
    try folder.begin()
    run.notes.forEach { console.print("note: " + $0) }
    console.print(
      "\(run.trainableParameterCount) of \(run.totalParameterCount) parameters are trainable "
        + "(\(fixed(100 * Double(run.trainableParameterCount) / Double(run.totalParameterCount), 2)) %), \(counted(run.trainer.steps, "step"))"
    )
    ranks?.notes(threads: threads.count).forEach { console.print($0) }
    if let note = run.diskNote { console.print("note: " + note) }
    let result = try indexed(recipe.output, note: { tune.note("note: " + $0) }) {
      try run.execute(
        in: folder, resume: resume, shouldStop: { interrupt.isRequested }, shouldSave: interrupt.takeSaveRequest,
        report: { console.report($0) }, note: { console.print("note: " + $0) })
    }
    console.clear()
    try show(result, recipe, in: folder.path)
    ranks?.end()
    if result["status"] == "interrupted" {
      let command = threads.resumeCommand(["run", folder.path, "--resume"])
      note("interrupted after step \(result["steps"]?.int ?? 0). Nothing is lost; continue with: \(command)")
      throw ExitCode(130)
    }
  }

  /// What a rank other than 0 does: it trains with it, prints nothing and writes nothing.
  private func follow(_ recipe: Recipe, _ ranks: MPICommunicator) throws {
    if ranks.broadcast(true) {
      try threads.start(InferencePrecision(recipe.precision), quiet: true)
      let run = try RunBuilder(recipe, threads: threads.count, communicator: ranks).build()
      let interrupt = Interrupt(recipe, ranks: ranks)
      try run.follow(resume: resume) { interrupt.isRequested }
    }
    ranks.end()
  }

  private func estimate(_ recipe: Recipe) throws {
    if let launch = Launch() { throw RanksFault.severalTasks(launch, command: "tune run --dry-run") }
    try threads.start(InferencePrecision(recipe.precision))
    let estimate = try RunBuilder(recipe.withoutCache, threads: threads.count).build().estimateResources()
    if json { try emit(estimate.json, pretty: true) } else { try emit(estimate.description) }
  }

  private func show(_ result: JSON, _ recipe: Recipe, in folder: String) throws {
    if json { return try emit(result, pretty: true) }
    for split in ["dev", "test"] {
      guard let score = result["metrics"]?[split] else { continue }
      let intervals = result["intervals"]?[split]
      if let average = score[Metric.average.name]?.number { try emit("\(split): average \(fixed(average, 4))") }
      for part in recipe.parts {
        let (name, score, intervals) =
          part.name.isEmpty
          ? (split, score, intervals) : ("\(split), \(part.name)", score[part.name] ?? [:], intervals?[part.name])
        try emit("\(name): " + metricsLine(score, intervals, of: part.task.type))
        if let before = score["ece_uncalibrated"]?.number, let after = score["ece"]?.number {
          note("\(name): temperature scaling changes ece from \(fixed(before, 4)) to \(fixed(after, 4))")
        }
      }
    }
    if result["status"] == "interrupted", let best = result["best"], let value = best["value"]?.number {
      note(
        "best on dev so far: \(best["metric"]?.string ?? "") \(fixed(value, 4)) after step \(best["step"]?.int ?? 0)")
    }
    let seconds = fixed(result["train_seconds"]?.number ?? 0, 1)
    let speed = Int(result["tokens_per_second"]?.number ?? 0)
    let memory = (result["peak_memory_bytes"]?.int ?? 0) / 1_000_000
    note("trained in \(seconds) s, \(speed) tokens/s, peak memory \(memory) MB")
    let saved = recipe.method.adapter == nil ? "model" : "adapter"
    for part in recipe.parts { note("\(saved): \(folder)/\(saved)" + (part.name.isEmpty ? "" : "/\(part.name)")) }
  }
}
