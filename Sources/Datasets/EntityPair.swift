/// The two entities of a record whose relation is asked for, and how a table gives them. Does not read tables.

package struct EntityPair: Sendable, Equatable {
  package let subject, object: EntityMention

  package init(subject: EntityMention, object: EntityMention) { (self.subject, self.object) = (subject, object) }

  package var mentions: [EntityMention] { [subject, object] }
}

package struct EntityMention: Sendable, Equatable {
  /// Code points of the record's text.
  package let range: Range<Int>
  /// "GENE"; nil: it has none.
  package let type: String?

  package init(_ range: Range<Int>, type: String?) { (self.range, self.type) = (range, type) }
}

/// How a table gives one entity: by a column with its span, or by marks around it in the text, which are then removed.
package struct EntityForm: Sendable, Equatable {
  package var column: String?
  /// What stands before the entity and after it: ["[[ ", " ]]"].
  package var marks: [String]?
  /// The type of an entity that the column gives no type of.
  package var type: String?

  package init(column: String? = nil, marks: [String]? = nil, type: String? = nil) {
    (self.column, self.marks, self.type) = (column, marks, type)
  }
}

/// How a table gives both entities: both by columns, or both by marks.
package struct EntityForms: Sendable, Equatable {
  package var subject, object: EntityForm

  package init(subject: EntityForm = EntityForm(), object: EntityForm = EntityForm()) {
    (self.subject, self.object) = (subject, object)
  }

  /// The columns with their spans; none with marks.
  package var columns: [String] { [subject.column, object.column].compactMap { $0 } }

  /// Whether there are entities.
  package var areGiven: Bool { !columns.isEmpty || subject.marks != nil }
}
