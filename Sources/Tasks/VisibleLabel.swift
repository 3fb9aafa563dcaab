/// Labels in sentences and tables.

/// The label; in quotes if it is empty, or begins or ends with white space, which would not be seen.
package func visible(_ label: String) -> String {
  let scalars = label.unicodeScalars
  guard let first = scalars.first, let last = scalars.last else { return "''" }
  return first.properties.isWhitespace || last.properties.isWhitespace ? "'\(label)'" : label
}
