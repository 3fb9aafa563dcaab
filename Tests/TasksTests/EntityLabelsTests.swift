/// Labels of token classifiers: every form is read as tags of entities, or refused by name.
import Datasets
import Files
import Testing

@testable import Tasks

private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

@Suite struct EntityLabelsTests {
  /// Labels by id, predicted labels, and the IOB2 tags of their entities.
  static let forms: [(labels: String, predicted: String, iob2: String)] = [
    ("O B-D I-D", "B-D I-D O I-D", "B-D I-D O I-D"),
    ("O B-D I-D L-D U-D", "U-D U-D B-D I-D L-D O", "B-D B-D B-D I-D I-D O"),
    ("O B-D I-D E-D S-D", "S-D B-D E-D S-D O", "B-D B-D I-D B-D O"),
    ("O DATE PATIENT", "DATE DATE O PATIENT DATE", "I-DATE I-DATE O I-PATIENT I-DATE"),
    ("O B-D I-D MISC", "MISC MISC B-D I-D", "I-MISC I-MISC B-D I-D"),
    ("O B I", "B I B O I", "B-_ I-_ B-_ O I-_"),
    ("B I L O U", "U B L O", "B-_ B-_ I-_ O"),
    ("O T-cell macrophage", "T-cell O macrophage", "I-T-cell O I-macrophage"),
    ("NN VB", "NN NN VB", "I-NN I-NN I-VB"),
    ("O S D", "S S D O", "I-S I-S I-D O"),
    ("O I-D", "I-D I-D O", "I-D I-D O"),
  ]

  @Test(arguments: forms)
  func `predicted labels become IOB2 tags`(_ form: (labels: String, predicted: String, iob2: String)) throws {
    #expect(try EntityLabels(words(form.labels)).iob2(words(form.predicted)) == words(form.iob2))
  }

  @Test func `IOB2 tags become labels of the model's scheme`() throws {
    func labels(_ names: String, _ iob2: String) throws -> String {
      let ids = try EntityLabels(words(names)).ids(ofIOB2: words(iob2))
      return ids.map { $0 < 0 ? "-" : words(names)[Int($0)] }.joined(separator: " ")
    }
    let gold = "B-D B-D I-D I-D O B-X"
    #expect(try labels("O B-D I-D", gold) == "B-D B-D I-D I-D O -")
    #expect(try labels("O B-D I-D L-D U-D", gold) == "U-D B-D I-D L-D O -")
    #expect(try labels("S-D E-D I-D B-D O", gold) == "S-D B-D I-D E-D O -")
    #expect(try labels("O D X", gold) == "D D D D O X")
    #expect(try labels("B I O", "B-_ I-_ O") == "B I O")
    #expect(try labels("B-D I-D", "B-D O") == "B-D -")
  }

  @Test(arguments: [
    ("LABEL_0 LABEL_1 LABEL_2", "LABEL_0, LABEL_1, LABEL_2"), ("O B_Drug I_Drug", "B_Drug, I_Drug"),
    ("O b-Drug i-Drug", "b-Drug, i-Drug"), ("O B-D M-D E-D S-D", "M-D"), ("O Drug-B Drug-I", "Drug-B, Drug-I"),
    ("O B- I-", "B-, I-"),
  ])
  func `labels whose form is not known are refused by name`(_ labels: String, _ named: String) {
    let error = #expect(throws: TaskFault.self) { try EntityLabels(words(labels)) }
    #expect(error?.description.contains("the labels \(named) do not say") == true)
  }

  @Test func `an empty label is refused`() {
    #expect(throws: TaskFault.self) { try EntityLabels(["O", "", "D"]) }
  }

  @Test func `types of the records that the model does not have are counted`() throws {
    let task = try TokenClassification(labels: ["O", "B-D", "I-D"])
    let records = [
      Record(id: "1", words: ["a", "b", "c"], tags: ["B-X", "I-X", "B-Y"]),
      Record(id: "2", words: ["a", "b"], tags: ["B-X", "B-D"]),
    ]
    #expect(
      task.unknownLabelNote(records)
        == "entities of types that the model does not know count as missed: X (2), Y (1)")
    #expect(task.unknownLabelNote([records[1]].map { Record(id: "2", words: $0.words, tags: ["O", "B-D"]) }) == nil)
  }

  @Test func `gold tags are shown in the model's labels`() throws {
    let task = try TokenClassification(labels: ["O", "B-D", "L-D", "U-D"])
    let record = Record(id: "1", words: ["a", "b", "c", "d"], tags: ["B-D", "B-D", "I-D", "B-X"])
    #expect(task.gold(of: record) == ["U-D", "B-D", "L-D", "B-X"])
  }
}
