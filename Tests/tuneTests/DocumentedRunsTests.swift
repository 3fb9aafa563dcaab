/// Runs the commands of the documentation as they are written, in a folder with a tiny model and data of the names that the
/// pages use.
import Files
import Foundation
import TestSupport
import Testing

/// Pages whose commands are run.
private let pages = [
  "README.md", "docs/data.md", "docs/explaining.md", "docs/hub.md", "docs/logs.md", "docs/methods.md",
  "docs/recipes.md",
  "docs/report.md", "docs/vocabularies.md",
]

/// Commands that are not run here, by a part of their line, and why.
private let notRun: [(part: String, why: String)] = [
  ("tune download", "it opens a connection; DownloadCommandTests asks a Hub on this machine"),
  ("tune serve", "it does not end; ServeCommandTests"),
  ("mpirun", "scripts/mpi-test.py, with every MPI of the machine"),
  ("tune blurb", "the data sets may not be passed on; BlurbCommandTests"),
  ("tune tokenizer trim", "the tiny model has fewer tokens than the pages keep; TokenizerCommandTests"),
  ("tune convert", "it needs a model with .bin weights; TorchFolderTests"),
  ("recipes/ncbi-disease-lora.json", "the corpus is not in the repository; DataCommandTests"),
  ("data/held-out.txt", "a model of masked language modeling is trained first; PretrainingTests"),
]

/// Pages with commands on corpora or clusters that the repository does not have. Their commands are parsed, and their recipes
/// read (`DocumentedCommandsTests`, `DocsTests`).
private let pagesNotRun: Set<String> = [
  "docs/bench.md", "docs/blurb.md", "docs/cluster.md", "docs/serving.md", "docs/tasks/embedding.md",
  "docs/tasks/extractive_qa.md", "docs/tasks/multi_label_classification.md", "docs/tasks/multi_task.md",
  "docs/tasks/regression.md", "docs/tasks/relation_extraction.md", "docs/tasks/sequence_classification.md",
]

@Test func `every page with commands is run, or known not to be`() {
  let lines = DocumentedCommand.all.filter(\.isLine)
  #expect(Set(lines.map(\.page)) == pagesNotRun.union(pages))
  for (part, _) in notRun {
    #expect(lines.contains { pages.contains($0.page) && $0.line.contains(part) }, "\(part)")
  }
}

@Test(arguments: pages) func `the commands of a page run as they are written`(_ page: String) throws {
  let program = try Program()
  defer { program.remove() }
  try prepare(program, for: page)
  let lines = DocumentedCommand.all.filter { $0.isLine && $0.page == page }.map(\.line)
  var last = ""
  for line in lines where line != last && !notRun.contains(where: { line.contains($0.part) }) {
    last = line
    if line.contains("tune run my.json") {
      // The next run of the same recipe; a run to resume is there before.
      try? FileManager.default.removeItem(atPath: program.folder + "/runs/ncbi-disease-lora")
      if line.contains("--resume") { _ = try program.shell("tune run my.json") }
    }
    let result = try program.shell(line, environment: ["TUNE_RECIPES": program.folder + "/recipes"])
    #expect(result.status == 0, "\(line)\n\(result.err.suffix(2000))")
  }
}

/// Adds what the page's commands read.
private func prepare(_ program: Program, for page: String) throws {
  let folder = program.folder, files = FileManager.default
  try files.removeItem(atPath: folder + "/recipe.json")
  try files.copyItem(atPath: folder + "/dev.tsv", toPath: folder + "/devel.tsv")
  for model in ["MODEL", "checkpoints/biomed-mini-l3", "models/dmis-lab/biobert-v1.1", "models/minilm-l6"] {
    try makeFolder(parentFolder(of: "\(folder)/\(model)"))
    try files.createSymbolicLink(atPath: "\(folder)/\(model)", withDestinationPath: folder + "/base")
  }
  let recipe = try readmeRecipe().with("model.path", "base").with("training.epochs", 1)
  for name in ["recipes", "experiments"] { try makeFolder("\(folder)/\(name)") }
  for path in ["my.json", "recipes/NAME.json"] { try writeFile(recipe.text(), to: "\(folder)/\(path)") }
  try writeFile(
    """
    {
      "bench": {
        "bases": {"tiny": {"model": {"path": "base"}}}, "tasks": {"letters": "my.json"},
        "methods": {"head": {"method": {"type": "head"}}}
      },
      "output": "runs/bench"
    }
    """, to: folder + "/my-bench.json")
  try writeFile(#"{"B-A": 2}"#, to: folder + "/weights.json")
  let notes = (0..<40).map { "a b c d the drug of a cell, gene \($0 % 7) liver dose (e f g).\n" }.joined()
  for name in ["notes.txt", "other.txt", "abstracts.txt"] { try writeFile(notes, to: "\(folder)/\(name)") }
  try writeFile(#"{"text": "a b c d e"}"# + "\n", to: folder + "/notes.jsonl")
  var commands = ["gzip -k notes.txt other.txt abstracts.txt"]
  let text = try readText("\(repository)/\(page)")
  for name in ["x", "y", "a", "b", "my", "ner", "ncbi-disease-lora", "chemprot-lora"]
  where text.contains("runs/\(name)") {
    commands.append("tune run my.json output=runs/\(name)")
  }
  if text.contains("runs/grid") {
    commands.append("tune run my.json output=runs/grid 'sweep={\"seed\": [1, 2]}'")
  }
  for command in commands {
    let result = try program.shell(command)
    try #require(result.status == 0, "\(command)\n\(result.err)")
  }
}
