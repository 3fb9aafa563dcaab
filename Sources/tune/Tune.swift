/// The command line. Each command has a file of its own and is a thin layer over the modules.
import ArgumentParser
import CProcess
import Files
import Glibc
import Ranks
import Runs
import Training

@main
struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Fine-tunes biomedical language models on CPUs: a recipe in, an adapter out.",
    discussion: """
      tune init train.tsv dev.tsv            write a recipe for your own files
      tune run RECIPE                        train
      tune predict runs/NAME notes.txt       find entities, or label texts
      tune ls                                list the shipped recipes
      """,
    version: tuneVersion,
    subcommands: [
      RunCommand.self, InitCommand.self, ValidateCommand.self, SchemaCommand.self, ListCommand.self, CopyCommand.self,
      ShowCommand.self, DataCommand.self, BenchCommand.self, BlurbCommand.self, RunsCommand.self, CompareCommand.self,
      ReportCommand.self,
      InspectCommand.self, EvalCommand.self, PredictCommand.self, ExplainCommand.self, ServeCommand.self,
      MergeCommand.self, AdapterCommand.self, ConvertCommand.self, DownloadCommand.self, BasesCommand.self,
      TokenizeCommand.self, TokenizerCommand.self,
    ])

  static func main() {
    prepare_descriptors()
    report_file_signals()
    do {
      try checkArguments(CommandLine.arguments.dropFirst(), of: self)
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let text = fullMessage(for: error), code = exitCode(for: error)
      if code.isSuccess {
        print(text)
      } else {
        // Rank 0 has most faults too: it reports them, and ends the other ranks. It may be the slowest to find them.
        let rank = Launch()?.number ?? 0
        // A signal while this one waits is the end of all.
        if rank > 0, sleep(isOnEveryRank(error) ? 60 : 3) > 0 { Glibc.exit(code.rawValue) }
        if !text.isEmpty { note(rank > 0 ? "rank \(rank): \(text)" : text) }
        MPICommunicator.abortAll(code.rawValue)
      }
      Glibc.exit(code.rawValue)
    }
  }

  /// Whether all ranks find this fault.
  private static func isOnEveryRank(_ error: any Error) -> Bool {
    switch error {
    case RankFault.teacherCache, RankFault.keptCache, RankFault.unequal, RankFault.otherRecipe,
      TrainingFault.tooManyRanks:
      true
    default: false
    }
  }
}
