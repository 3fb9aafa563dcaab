import ArgumentParser
import Files
import Kernels
import Recipes
import Reporting
import Training

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Train what a recipe says.",
    discussion: "Paths in a recipe are relative to the working directory. Settings are overruled as key.path=value.")

  @Argument(help: "A recipe file, or the name of one that ships (see 'tune ls').")
  var recipe: String
  @Argument(help: "Settings that overrule the recipe's: training.epochs=1 method.rank=4")
  var overrides: [String] = []
  @OptionGroup var files: SetFileOption
  @OptionGroup var threads: ThreadOption
  @Flag(help: "Go on with an interrupted run.")
  var resume = false
  @Flag(help: "Replace what an earlier run left in the output folder.")
  var overwrite = false
  @Flag(help: "Write nothing; take a few steps, the longest among them, and tell what the run will need.")
  var dryRun = false
  @Flag(help: "Print result.json on standard output instead of a summary, or what --dry-run found.")
  var json = false

  func validate() throws {
    if dryRun && (resume || overwrite) {
      throw ValidationError("--dry-run writes nothing: leave --resume and --overwrite out.")
    }
    if resume && overwrite { throw ValidationError("--resume and --overwrite exclude each other.") }
  }

  func run() throws {
    let path = try RecipeLibrary.path(of: recipe)
    if let sweep = try Sweep.load(path: path, overrides: overrides, setFiles: files.values) {
      if dryRun { throw ValidationError("A sweep has no dry run; look at one of its runs with sweep=null.") }
      return try SweepRun(sweep, resume ? .resume : overwrite ? .overwrite : .new, threads, json: json).run()
    }
    let recipe = try Recipe.load(path: path, overrides: overrides, setFiles: files.values)
    if dryRun { return try rehearse(recipe) }
    let folder = try RunFolder(recipe, resume ? .resume : overwrite ? .overwrite : .new)
    if let result = folder.finished {
      try folder.begin()
      note("\(recipe.output): the run has ended already; there is nothing to resume")
      return try show(result, recipe)
    }
    try threads.start(recipe.precision)
    let console = Console(every: recipe.training.loggingSteps)
    let run = try RunBuilder(recipe, threads: threads.count).build()
    let interrupt = Interrupt()
    try folder.begin()
    run.notes.forEach { console.say("note: " + $0) }
    console.say(
      "\(run.trainableParameters) of \(run.totalParameters) parameters train "
        + "(\(fixed(100 * Double(run.trainableParameters) / Double(run.totalParameters), 2)) %), \(run.trainer.steps) steps"
    )
    if let note = run.diskNote { console.say("note: " + note) }
    let result = try indexed(recipe.output) {
      try run.execute(
        in: folder, resume: resume, shouldStop: { interrupt.isRequested }, report: { console.show($0) },
        note: { console.say("note: " + $0) })
    }
    try show(result, recipe)
    if result["status"] == "interrupted" {
      note("interrupted after step \(result["steps"]?.int ?? 0). Nothing is lost; go on with: tune run … --resume")
      throw ExitCode(130)
    }
  }

  private func rehearse(_ recipe: Recipe) throws {
    try threads.start(recipe.precision)
    let forecast = try RunBuilder(recipe.withoutCache, threads: threads.count).build().estimateResources()
    if json { try emit(forecast.json, pretty: true) } else { try emit(forecast.description) }
  }

  private func show(_ result: JSON, _ recipe: Recipe) throws {
    if json { return try emit(result, pretty: true) }
    for split in ["dev", "test"] {
      guard let score = result["metrics"]?[split] else { continue }
      let values = ["precision", "recall", "f1", "perplexity", "accuracy"].compactMap { name in
        (score[name]?.number).map { "\(name) \(fixed($0, 4))" }
      }
      try emit("\(split): " + values.joined(separator: "  "))
    }
    let seconds = fixed(result["train_seconds"]?.number ?? 0, 1)
    let speed = Int(result["tokens_per_second"]?.number ?? 0)
    let memory = (result["peak_memory_bytes"]?.int ?? 0) / 1_000_000
    note("trained in \(seconds) s, \(speed) tokens/s, peak memory \(memory) MB")
    let kept = recipe.method.adapter == nil ? "model" : "adapter"
    note("\(kept): \(recipe.output)/\(kept)")
  }
}

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check a recipe, its files included, and name every fault.")

  @Argument(help: "A recipe file, or the name of one that ships.")
  var recipe: String
  @Argument(help: "Settings that overrule the recipe's.")
  var overrides: [String] = []
  @OptionGroup var files: SetFileOption
  @Flag(help: "Print the faults, or the resolved recipe, as JSON.")
  var json = false

  func run() throws {
    try Processor.initialize()
    do {
      let path = try RecipeLibrary.path(of: recipe)
      if let sweep = try Sweep.load(path: path, overrides: overrides, setFiles: files.values) {
        try sweep.check(threads: Processor.count)
        let recipes = JSON.object(.init(uniqueKeysWithValues: sweep.cells.map { ($0.name, $0.recipe.json) }))
        return try emit(json ? recipes.text() : "\(self.recipe): fine, a sweep of \(sweep.inWords)")
      }
      let recipe = try Recipe.load(path: path, overrides: overrides, setFiles: files.values)
      _ = try RunBuilder(recipe, threads: Processor.count).build()
      try emit(json ? recipe.json.text() : "\(self.recipe): fine")
    } catch let faults as RecipeFaults where json {
      try emit(faults.json, pretty: true)
      throw ExitCode.failure
    }
  }
}
