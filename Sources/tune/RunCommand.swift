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
  @OptionGroup var threads: ThreadOption
  @Flag(help: "Go on with an interrupted run.")
  var resume = false
  @Flag(help: "Replace what an earlier run left in the output folder.")
  var overwrite = false
  @Flag(help: "Print result.json on standard output instead of a summary.")
  var json = false

  func validate() throws {
    if resume && overwrite { throw ValidationError("--resume and --overwrite exclude each other.") }
  }

  func run() throws {
    let recipe = try Recipe.load(path: Shelf.path(of: recipe), overrides: overrides)
    let folder = try RunFolder(recipe, resume ? .resume : overwrite ? .overwrite : .new)
    try threads.start(recipe.precision)
    let console = Console(every: recipe.training.logEverySteps)
    let run = try RunBuilder(recipe, threads: threads.count).build()
    let interrupt = Interrupt()
    try folder.begin()
    run.notes.forEach { console.say("note: " + $0) }
    console.say(
      "\(run.trainableParameters) of \(run.totalParameters) parameters train "
        + "(\(fixed(100 * Double(run.trainableParameters) / Double(run.totalParameters), 2)) %), \(run.trainer.steps) steps"
    )
    let result = try run.execute(
      in: folder, resume: resume, shouldStop: { interrupt.isWished }, report: { console.show($0) },
      note: { console.say("note: " + $0) })
    if json { try emit(result, pretty: true) } else { try summarize(result, run) }
    if result["status"] == "interrupted" {
      note("interrupted after step \(result["steps"]?.int ?? 0). Nothing is lost; go on with: tune run … --resume")
      throw ExitCode(130)
    }
  }

  private func summarize(_ result: JSON, _ run: Run) throws {
    for split in ["dev", "test"] {
      guard let score = result["metrics"]?[split] else { continue }
      let values = ["precision", "recall", "f1", "perplexity", "accuracy"].compactMap { name in
        (score[name]?.number).map { "\(name) \(fixed($0, 4))" }
      }
      try emit("\(split): " + values.joined(separator: "  "))
    }
    let seconds = fixed(result["train_seconds"]?.number ?? 0, 1)
    let speed = Int(result["real_tokens_per_second"]?.number ?? 0)
    let memory = Processor.peakMemory / 1_000_000
    note("trained in \(seconds) s, \(speed) tokens/s, peak memory \(memory) MB")
    note(
      "\(run.adapter == nil ? "model" : "adapter"): \(run.recipe.output)/\(run.adapter == nil ? "model" : "adapter")")
  }
}

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check a recipe, its files included, and name every fault.")

  @Argument(help: "A recipe file, or the name of one that ships.")
  var recipe: String
  @Argument(help: "Settings that overrule the recipe's.")
  var overrides: [String] = []
  @Flag(help: "Print the faults, or the resolved recipe, as JSON.")
  var json = false

  func run() throws {
    do {
      let recipe = try Recipe.load(path: Shelf.path(of: recipe), overrides: overrides)
      _ = try RunBuilder(recipe, threads: Processor.count).build()
      try emit(json ? recipe.json.text() : "\(self.recipe): fine")
    } catch let faults as RecipeFaults where json {
      try emit(faults.json, pretty: true)
      throw ExitCode.failure
    }
  }
}
