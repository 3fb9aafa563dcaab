/// `tune report`: the report of a run as one page, or of two runs side by side.
import ArgumentParser
import Datasets
import Files
import Pages
import Runs
import Tasks

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write the report of a run as one page of HTML.",
    discussion: """
      The page has no scripts and makes no requests: scores with intervals, learning curves, confusion, calibration, the ids of \
      wrong examples, resources and the recipe. Of two runs: how their settings and scores differ, whether significantly, and on \
      which examples. No text of the data is in it without --show-text.
      """)

  @Argument(help: "The folder of a run, or of two runs to compare.", completion: .directory)
  var folders: [String]
  @Option(
    help: ArgumentHelp(
      "Where to write the page. Default: report.html in the run's folder; of two runs, comparison.html here.",
      valueName: "file"), completion: .file())
  var output: String?
  @Option(
    help: ArgumentHelp("Whose predictions: dev or test. Default: test, or dev if there are none.", valueName: "split"),
    completion: .list(["dev", "test"]),
    transform: {
      guard let split = Split(rawValue: $0), split != .train else {
        throw ValidationError("expected dev or test; found \($0)")
      }
      return split
    })
  var split: Split?
  @Flag(help: "Show the texts of wrong examples, from the data files of the recipe.")
  var showText = false
  @Option(
    help: ArgumentHelp(
      "Also write every figure as SVG and CSV, and every table as CSV, to this folder.", valueName: "folder"),
    completion: .directory)
  var files: String?

  @OptionGroup var bootstrap: BootstrapOptions

  func validate() throws {
    if folders.count > 2 { throw ValidationError("Expected the folders of one or two runs, found \(folders.count).") }
  }

  func run() throws {
    let page: Page, path: String
    if folders.count == 2 {
      path = output ?? "comparison.html"
      page = try RunPairReport(
        folders[0], folders[1], split: split, showsText: showText, test: bootstrap.test
      ).page
    } else {
      path = output ?? folders[0] + "/report.html"
      page = try RunReport(folders[0], split: split, showsText: showText).page
    }
    try writeFile(page.html, to: path)
    if let files {
      try makeFolder(files)
      for file in page.files { try writeFile(file.contents, to: "\(files)/\(file.name)") }
    }
    try emit(path)
  }
}
