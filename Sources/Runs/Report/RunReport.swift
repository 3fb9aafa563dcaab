/// The report of a run as a page: what its model is worth, and what it gets wrong. Has no text of the data unless it is asked to.
import Datasets
import Files
package import Pages
package import Tasks

package struct RunReport {
  private let run: ReportedRun
  private let name: String
  /// The texts of each part; nil: they are not shown.
  private let texts: [any Dataset]?

  /// - Parameters:
  ///   - folder: of a run that has ended or is still running.
  ///   - split: whose predictions; nil: test, or dev if there are none on test.
  ///   - showsText: whether wrong examples are shown with their texts, from the data files.
  /// - Throws: `ReportFault`; `FileFault` for a damaged file of the run.
  package init(_ folder: String, split: Split? = nil, showsText: Bool = false) throws {
    var run = try ReportedRun(folder, split: split)
    run.slice()
    (self.run, name) = (run, lastPathComponent(folder))
    if showsText, run.parts.isEmpty { throw ReportFault.noTexts(run: folder) }
    texts = showsText ? try run.parts.map(run.texts) : nil
  }

  /// - Parameter name: of the folder that the run will be in.
  init(_ run: ReportedRun, name: String) { (self.run, self.name, texts) = (run, name, nil) }

  /// Writes report.html into the run's folder.
  func save() throws { try writeFile(page.html, to: run.folder + "/report.html") }

  package var page: Page {
    Page(
      title: "Report of \(name)",
      sections: [run.summary, run.curves].compactMap { $0 }
        + run.parts.enumerated().flatMap { number, part in
          part.scoreSections() + [part.errors(texts?[number])]
        } + run.details)
  }
}
