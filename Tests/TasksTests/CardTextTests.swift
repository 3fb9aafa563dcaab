/// Names in the metadata and the tables of model cards.
import Testing

@testable import Tasks

/// PyYAML 6 reads each scalar as the name: `yaml.safe_load`.
@Test(arguments: [
  ("org/bert-base_v1.0", "org/bert-base_v1.0"), ("base", "base"), (#"b: "q" #1"#, #""b: \"q\" #1""#),
  ("NULL", #""NULL""#), ("1e5", #""1e5""#), ("2024-01-01", #""2024-01-01""#), ("a\nb", #""a\nb""#), ("", #""""#),
  ("größe", #""größe""#), ("- a", #""- a""#),
])
func `a name that YAML would read as something else is quoted`(_ name: String, _ scalar: String) {
  #expect(yamlScalar(name) == scalar)
}

@Test func `bars, backslashes and line breaks do not break a table`() {
  #expect(tableCell("a|b\r\nc") == #"a\|b c"#)
  #expect(tableCell(#"a\|b"#) == #"a\\\|b"#)
}
