/// The keys of "data" that say where a table has the two entities of relation extraction.
import Datasets
import Files

extension EntityForms {
  mutating func declare(_ fields: Fields) {
    for (name, form) in [("subject", \Self.subject), ("object", \Self.object)]
      as [(String, WritableKeyPath<Self, EntityForm>)]
    {
      fields.optional(
        "\(name)_column", &self[keyPath: form].column, .string,
        "Column of the span of the \(name): code points of the text.")
      fields.optional(
        "\(name)_marks", &self[keyPath: form].marks, .list(of: .string),
        "What stands before the \(name) and after it in the text; it is removed.")
      fields.optional("\(name)_type", &self[keyPath: form].type, .string, "Type of a \(name) whose span has none.")
      fields.exclusive("\(name)_column", "\(name)_marks")
    }
    fields.check(
      (subject.column == nil) == (object.column == nil), "subject_column", "object_column",
      expected: "both subject_column and object_column")
    fields.check(
      (subject.marks == nil) == (object.marks == nil), "subject_marks", "object_marks",
      expected: "both subject_marks and object_marks")
    fields.check(subject.marks.map { $0.count == 2 } ?? true, "subject_marks", expected: "two strings")
    fields.check(
      object.marks.map { $0.count == 2 && Set($0).isDisjoint(with: subject.marks ?? []) } ?? true, "object_marks",
      expected: "two strings other than those of subject_marks")
    fields.check(
      areGiven || subject.type == nil && object.type == nil, "subject_type", "object_type",
      expected: "no value without columns or marks of the entities")
  }
}
