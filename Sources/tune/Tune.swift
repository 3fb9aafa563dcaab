/// The command line. Each command has a file of its own and is a thin layer over the modules.
import ArgumentParser

@main
struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Fine-tunes biomedical language models on CPUs: a recipe in, an adapter out.",
    discussion: """
      tune run recipes/quickstart.json                     train
      tune predict MODEL --adapter ner=FOLDER notes.txt    find entities
      tune ls                                              list the shipped recipes
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, ValidateCommand.self, SchemaCommand.self, ListCommand.self, CopyCommand.self, ShowCommand.self,
      RunsCommand.self, CompareCommand.self, InspectCommand.self, EvalCommand.self, PredictCommand.self,
      MergeCommand.self, ConvertCommand.self, DownloadCommand.self, BasesCommand.self, TokenizeCommand.self,
      TokenizerCommand.self,
    ])
}
