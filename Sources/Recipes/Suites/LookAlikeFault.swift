/// Data that look like a set of a suite and are not.
import Files

struct LookAlikeFault: Error, CustomStringConvertible {
  let file: String
  /// What it was taken for: "BLURB's ChemProt".
  let expected: String
  let found: String
  var advice = ""

  var description: String {
    "\(file): not \(expected): \(found).\(advice.isEmpty ? "" : " \(advice)")"
  }
}
