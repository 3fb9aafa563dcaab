/// `tune validate`: check a recipe and its files, and count the labels of its data.
import ArgumentParser
import Files
import Kernels
import Recipes
import Reporting
import Runs
import Tasks

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check a recipe and its files, report all errors, and count the labels.",
    discussion: """
      Every file is read as the run would read it. The table has the sentences and the entities of each type, or the \
      records of each label, by split. Notes name what a run would note, such as texts that two splits share.
      """)

  @Argument(
    help: "A recipe file, the name of a recipe that ships with tune, or the folder of a run.",
    completion: .file())
  var recipe: String
  @Argument(help: "Settings that override the recipe's.")
  var overrides: [String] = []
  @OptionGroup var files: SetFileOption
  @Flag(help: "Print the errors, or the complete recipe, as JSON.")
  var json = false

  func run() throws {
    try Processor.initialize()
    do {
      let path = try RecipeLibrary.path(of: recipe)
      if let sweep = try Sweep.load(path: path, overrides: overrides, setFiles: files.values) {
        return try check(sweep)
      }
      let recipe = try Recipe.load(path: path, overrides: overrides, setFiles: files.values)
      let run = try RunBuilder(recipe, threads: Processor.count).build()
      try emit(json ? recipe.json.text() : "\(self.recipe): valid")
      try report([run.notes], counts(of: run))
    } catch let faults as RecipeFaults where json {
      try emit(faults.json, pretty: true)
      throw ExitCode.failure
    }
  }

  private func check(_ sweep: Sweep) throws {
    var notes: [[String]] = [sweep.notes], counts: [(run: String, LabelCounts)] = []
    try RunGrid(sweep).check(
      threads: Processor.count,
      inspect: { cell, run in
        notes.append(run.notes)
        for (task, found) in self.counts(of: run) where !counts.contains(where: { $0.1 == found }) {
          counts.append((cell.name + (task.isEmpty ? "" : ", \(task)"), found))
        }
      })
    let recipes = JSON.object(.init(uniqueKeysWithValues: sweep.cells.map { ($0.name, $0.recipe.json) }))
    try emit(json ? recipes.text() : "\(recipe): valid, a sweep of \(sweep.summary)")
    try report(notes, counts)
  }

  /// The counts of each of a run's tasks, by its name.
  private func counts(of run: Run) -> [(run: String, LabelCounts)] {
    run.byTask.compactMap { run in LabelCounts(run.setup).map { (run.name, $0) } }
  }

  /// Prints each note once, and the counts, which the runs of a sweep may share.
  private func report(_ notes: [[String]], _ counts: [(run: String, LabelCounts)]) throws {
    var seen: Set<String> = []
    for text in notes.joined() where seen.insert(text).inserted { note("note: " + text) }
    if json { return }
    let hasSeveral = counts.count > 1
    for (run, counts) in counts {
      let rows = [(counts.noun, counts.records)] + counts.labels.map { (visible($0.label), $0.counts) }
      let heading = [hasSeveral ? run : ""] + counts.splits.map(\.rawValue)
      for line in textTable(heading, rows.map { [$0] + $1.map(String.init) }) { try emit(line) }
    }
  }
}
