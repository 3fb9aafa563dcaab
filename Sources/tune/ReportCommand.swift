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
      wrong examples, resources and the recipe. No text of the data is in it without --show-text.
      """)

  @Argument(help: "The folder of a run.", completion: .directory)
  var folder: String
  @Option(
    help: ArgumentHelp("Where to write the page. Default: report.html in the run's folder.", valueName: "file"),
    completion: .file())
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

  func run() throws {
    let page = try RunReport(folder, split: split, showsText: showText).page
    let path = output ?? folder + "/report.html"
    try writeFile(page.html, to: path)
    if let files {
      try makeFolder(files)
      for file in page.files { try writeFile(file.contents, to: "\(files)/\(file.name)") }
    }
    try emit(path)
  }
}
