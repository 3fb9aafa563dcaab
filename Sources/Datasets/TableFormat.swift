/// The file formats of tables, and which columns a record is made of. Does not read files: `TableDataset` does.

/// All formats are UTF-8, with or without a byte order mark; lines end with LF or CRLF.
package enum TableFormat: String, Sendable, CaseIterable {
  /// JSON lines: one object per line; its keys are the columns.
  case jsonl
  /// Fields separated by tabs, below a header line. There is no quoting: a quote is an ordinary character.
  case tsv
  /// RFC 4180: fields separated by commas, below a header line. A field in double quotes may have commas, line breaks,
  /// and quotes, which are written twice. A quote inside a field without quotes is an ordinary character.
  case csv
}

/// What records are labeled with.
package enum LabelKind: Sendable {
  /// One label.
  case one
  /// Any number of labels.
  case set
  /// A number.
  case number
  /// A part of the text.
  case span
}

/// What the label column has.
package enum LabelForm: Sendable, Equatable {
  /// One label.
  case one
  /// Any number of labels: a list of strings in JSON lines, or else a text, in which the separator divides them. An empty
  /// text or list has none. With `hasValues` every label is followed by _1 if it applies, or by _0.
  case set(separator: String, hasValues: Bool)
  /// A number.
  case number
}

/// The names of the columns of a table that make a record. Other columns are ignored.
package struct RecordColumns: Sendable, Equatable {
  package var text: String
  /// The second text of a pair.
  package var textPair: String?
  /// Texts that are not similar to the first: hard negatives.
  package var negatives: [String] = []
  /// nil: the records are unlabeled.
  package var label: String?
  package var labelForm = LabelForm.one
  /// The entities of relation extraction; not given: the records have none.
  package var entities = EntityForms()
  /// nil: the id of a record is its number in the file, from 1.
  package var id: String?
  /// What a record is a part of; nil: it is not known.
  package var document: String?

  package init(text: String, textPair: String? = nil, label: String? = nil, id: String? = nil) {
    self.text = text
    self.textPair = textPair
    self.label = label
    self.id = id
  }

  /// The names that are not nil.
  var names: [String] { namesBesidesEntities.compactMap { $0 } + entities.columns }

  package var namesBesidesEntities: [String?] { [text, textPair] + negatives + [label, id, document] }
}
