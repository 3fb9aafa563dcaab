/// `tune init`: a recipe for the user's own files.
import ArgumentParser
import Files
import Kernels
import ModelHub
import Recipes
import Runs
import Tasks
import Training

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a recipe for your own data files, which runs at once.",
    discussion: """
      The files decide the task: words and tags in columns (CoNLL) make a token classifier; JSON lines, TSV or CSV with a \
      text and a label a sequence classifier; plain text, or JSON lines without labels, a masked language model. A file \
      whose name has the word dev, valid or test is that split, the others are training data. The recipe is checked, as \
      'tune validate' does, before it is written.
      """)

  @Argument(help: "The training data, and optionally dev and test.", completion: .file())
  var files: [String]
  @Option(
    help: "The base model's folder, or its name on the Hub; default: the one that ships with tune.",
    completion: .directory)
  var model: String?
  @Option(help: "The new recipe. It must not exist.", completion: .file())
  var output = "recipe.json"
  @Option(help: "Of a table: the column of the text; default: found by its name, or the longest text.")
  var textColumn: String?
  @Option(help: "Of a table: the column of the second text of a pair; default: found by its name.")
  var textPairColumn: String?
  @Option(
    help: "Of a table: the column of the label; default: found by its name, or the only one with few distinct values.")
  var labelColumn: String?

  func run() throws {
    if fileExists(output) {
      throw FileFault.unwritable(path: output, why: "it exists; choose another name with --output")
    }
    guard let model = try model.map({ try RunParts.model(modelFolder($0)) }) ?? RecipeLibrary.baseModel else {
      throw ValidationError("The base model that ships with tune is not here. Give another one with --model FOLDER.")
    }
    let columns = NamedColumns(text: textColumn, textPair: textPairColumn, label: labelColumn)
    let new = try NewRecipe(for: files, model: model, columns: columns), text = new.text
    // Before the data are read, whose faults these explain.
    for text in new.notes { note("note: " + text) }
    try Processor.initialize()
    let recipe = try Recipe(text: text, named: output)
    let run = try RunBuilder(recipe, threads: Processor.count).build()
    try writeFile(text, to: output)
    for text in run.notes { note("note: " + text) }
    note(
      "wrote \(output): \(recipe.task.type.rawValue), \(counted(run.trainer.exampleCount, "training example")), \(counted(run.trainer.steps, "step"))"
    )
    try emit(shellCommand([CommandLine.arguments[0], "run", output]))
  }
}
