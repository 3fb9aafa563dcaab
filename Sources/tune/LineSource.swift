/// Where `tune predict` and `tune explain` read their lines: a file of lines, or one of the formats that runs read.
import Datasets
import Files
import Recipes
import Serving
import Tasks

protocol LineSource {
  /// The next lines; none at the end.
  func next(atMost count: Int) throws -> [LineReader.Line]
}

extension LineReader: LineSource {}
extension TableLineReader: LineSource {}

/// The lines of a file by its name: .csv and .tsv are tables whose rows become objects; .tsv and .conll have a word per line if
/// all models have learned from such files. Others are as `lines` reads them.
func lineSource(
  _ file: String, _ lines: LineReader, for members: [Member], _ columns: [InputColumns]
) throws -> any LineSource {
  let name = file.hasSuffix(".gz") ? String(file.dropLast(3)) : file
  let hasReadWords = !members.isEmpty && members.allSatisfy { $0.settings?.data?["format"] == "conll" }
  if hasReadWords, name.hasSuffix(".tsv") || name.hasSuffix(".conll") {
    return try SentenceLines(file, members[0].settings?.data)
  }
  guard let format = name.hasSuffix(".csv") ? TableFormat.csv : name.hasSuffix(".tsv") ? .tsv : nil else {
    return lines
  }
  let table = try TableLineReader(file, format)
  for columns in columns { try columns.check(table.columns, of: file) }
  return table
}

/// The sentences of a CoNLL file as objects with "words".
private final class SentenceLines: LineSource {
  private var sentences: ArraySlice<Record>
  private let file: String

  /// - Parameter data: the section of the run that says which column has the words.
  init(_ file: String, _ data: JSON?) throws {
    let format = try Recipe.Data.evaluated(file, for: .tokenClassification, data, overrides: []).format as? CoNLLFormat
    var columns = format?.columns ?? CoNLLColumns()
    columns.labelsRequired = false
    // Tags are not read: IO accepts every text.
    sentences = try readCoNLL(file, columns: columns, scheme: .io)[...]
    self.file = file
  }

  func next(atMost count: Int) -> [LineReader.Line] {
    defer { sentences = sentences.dropFirst(count) }
    return sentences.prefix(count).map { sentence in
      let object = JSON.object(["words": .array(sentence.words.map(JSON.string))]).text(pretty: false)
      return LineReader.Line(number: sentence.source?.line ?? 0, file: file, .success(object))
    }
  }
}
