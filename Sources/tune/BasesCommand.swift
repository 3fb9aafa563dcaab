/// `tune bases`: the biomedical and clinical base models that `tune` knows.
import ArgumentParser
import Files
import ModelHub
import Reporting

struct BasesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bases", abstract: "List known biomedical and clinical base models on the Hub.",
    discussion: "The list is a part of the program (\(KnownBase.date)); no connection is opened.")

  @Argument(help: ArgumentHelp("Show all facts of these models only.", valueName: "name"))
  var names: [String] = []
  @Flag(help: "Print the list as JSON.")
  var json = false

  func run() throws {
    let bases = try names.isEmpty ? KnownBase.all : names.map(find)
    if json { return try emit(.array(bases.map(\.json)), pretty: true) }
    if !names.isEmpty {
      for (index, base) in bases.enumerated() {
        if index > 0 { try emit("") }
        for (title, value) in base.facts { try emit("\(title): \(value)") }
      }
      return
    }
    let rows = bases.map { [$0.name, $0.family, $0.size, $0.letterCase, $0.licence, $0.opens ? "yes" : "no"] }
    for line in textTable(["name", "family", "size", "letter case", "licence", "opens"], rows) { try emit(line) }
    note("\(KnownBase.date). 'tune bases NAME' shows what to watch for; 'tune download NAME' downloads a model.")
  }

  private func find(_ name: String) throws -> KnownBase {
    let found = KnownBase.all.filter { $0.name.lowercased().contains(name.lowercased()) }
    if let base = found.first(where: { $0.name == name }) ?? (found.count == 1 ? found[0] : nil) { return base }
    let near = found.isEmpty ? KnownBase.all : found
    throw ValidationError(
      "found \"\(name)\"; expected one of \(near.map(\.name).joined(separator: ", "))")
  }
}
