/// The two entities of a record whose relation is asked for, and how a table gives them. Does not read tables.

public struct EntityPair: Sendable, Equatable {
  public let subject, object: EntityMention

  public init(subject: EntityMention, object: EntityMention) { (self.subject, self.object) = (subject, object) }

  public var mentions: [EntityMention] { [subject, object] }
}

public struct EntityMention: Sendable, Equatable {
  /// Code points of the record's text.
  public let range: Range<Int>
  /// "GENE"; nil: it has none.
  public let type: String?

  public init(_ range: Range<Int>, type: String?) { (self.range, self.type) = (range, type) }
}

/// How a table gives one entity: by a column with its span, or by marks around it in the text, which are then removed.
public struct EntityForm: Sendable, Equatable {
  public var column: String?
  /// What stands before the entity and after it: ["[[ ", " ]]"].
  public var marks: [String]?
  /// The type of an entity that the column gives no type of.
  public var type: String?

  public init(column: String? = nil, marks: [String]? = nil, type: String? = nil) {
    (self.column, self.marks, self.type) = (column, marks, type)
  }
}

/// How a table gives both entities: both by columns, or both by marks.
public struct EntityForms: Sendable, Equatable {
  public var subject, object: EntityForm

  public init(subject: EntityForm = EntityForm(), object: EntityForm = EntityForm()) {
    (self.subject, self.object) = (subject, object)
  }

  /// The columns with their spans; none with marks.
  public var columns: [String] { [subject.column, object.column].compactMap { $0 } }

  /// Whether there are entities.
  public var areGiven: Bool { !columns.isEmpty || subject.marks != nil }
}
