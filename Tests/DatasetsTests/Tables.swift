/// Tables in unnamed temporary files, for the tests of `TableDataset`. Named files would be synced to the disk, which is
/// too slow for thousands of them.
import Files

@testable import Datasets

let textAndLabel = RecordColumns(text: "text", label: "label")

/// A table with the name "f" and the format as extension.
func openTable(
  _ bytes: some Sequence<UInt8>, _ format: TableFormat, _ columns: RecordColumns = textAndLabel
) throws -> TableDataset {
  let file = try ScratchFile()
  try file.append(Array(bytes))
  return try TableDataset(file.map(), TableParser(file: "f.\(format)", format: format, columns: columns))
}

func openTable(
  _ text: String, _ format: TableFormat, _ columns: RecordColumns = textAndLabel
) throws -> TableDataset {
  try openTable(text.utf8, format, columns)
}

/// The message of the fault; "" if there is none.
func tableMessage(
  _ bytes: some Sequence<UInt8>, _ format: TableFormat, _ columns: RecordColumns = textAndLabel
) throws -> String {
  do {
    _ = try openTable(bytes, format, columns)
    return ""
  } catch let fault as TableFault {
    return fault.description
  }
}

extension Dataset {
  var records: [Record] { (0..<count).map { self[$0] } }
}
