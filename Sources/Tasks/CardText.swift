/// Text as the parts of a model card need it: its metadata, which are YAML, and the cells of its tables.
import Files

/// The text as a YAML scalar: as it is if that is read as this string, else in double quotes.
func yamlScalar(_ text: String) -> String {
  let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
  let isPlain =
    text.first.map { $0.isASCII && $0.isLetter } == true && !words.contains(text.lowercased())
    && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
  // A string of JSON is one of YAML.
  return isPlain ? text : JSON.string(text).text()
}

/// The text as a cell of a table in Markdown: on one line, with every backslash and bar escaped.
package func tableCell(_ text: String) -> String {
  text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
    .replacing("\\", with: "\\\\").replacing("|", with: "\\|")
}
