/// What the faults of all file formats have in common: excerpts of lines, and the first lines with advice below.

/// An error in the content of a data file.
package protocol DataFault: Error {
  /// The same without excerpts of the texts.
  var withoutText: Self { get }
}

/// The number of invalid lines that a fault describes.
let maxReportedLines = 5

/// The start of a line, with control characters escaped.
func excerpt(_ line: some Collection<UInt8>) -> String {
  // 40 characters have at most 160 bytes.
  escaped(String(decoding: line.prefix(164), as: UTF8.self))
}

/// The first 40 code points of `text`, with control characters escaped.
func escaped(_ text: String) -> String {
  let scalars = text.unicodeScalars.prefix(41)
  let start = scalars.prefix(40).map { scalar in
    scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
  }
  return start.joined() + (scalars.count > 40 ? "…" : "")
}

/// `'name'`, for names and ids from a file.
func quoted(_ text: String) -> String { "'\(escaped(text))'" }

/// Invalid lines, the number of those left out, and each different sentence of advice once.
func report(_ lines: [String], of count: Int, noun: String = "lines", advice: [String]) -> String {
  var paragraphs = lines
  if count > lines.count { paragraphs.append("… and \(count - lines.count) more invalid \(noun).") }
  for sentence in advice where !paragraphs[lines.count...].contains(sentence) { paragraphs.append(sentence) }
  return paragraphs.joined(separator: "\n")
}
