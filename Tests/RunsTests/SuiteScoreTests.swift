/// The arithmetic of a suite's score, of all its sets and of a part.
import Recipes
import Runs
import Testing

@Suite struct SuiteScoreTests {
  /// PubMedBERT's scores of table 6 (Gu et al. 2021), whose mean over six task types is given there as 81.16.
  private let published = [
    "BC5-chem": 93.33, "BC5-disease": 85.62, "NCBI-disease": 87.82, "BC2GM": 84.52, "JNLPBA": 79.10, "EBM PICO": 73.38,
    "ChemProt": 77.24, "DDI": 82.36, "GAD": 83.96, "BIOSSES": 92.30, "HoC": 82.32, "PubMedQA": 55.84, "BioASQ": 87.56,
  ]

  @Test func `the score is the mean over the task types of the mean over their sets`() throws {
    let score = SuiteScore(.blurb, published), value = try #require(score.value)
    #expect((value * 100).rounded() == 8116 && score.complete == 13 && score.count == 13)
    #expect(score.types.map(\.count) == [5, 1, 3, 1, 1, 2])
    #expect(score.types.map(\.name).last == "QA" && abs((score.types.last?.mean ?? 0) - 71.7) < 1e-9)
  }

  @Test func `a part of the sets has no score, and a type without all of its sets no mean`() {
    let score = SuiteScore(.blurb, published.filter { $0.key != "GAD" })
    #expect(score.value == nil && score.complete == 12)
    #expect(score.types.map { $0.mean == nil } == [false, false, true, false, false, false])
    #expect(score.types[2] == .init(name: "relation extraction", mean: nil, complete: 2, count: 3))
    #expect(SuiteScore(.blurb, [:]).types.allSatisfy { $0.mean == nil && $0.complete == 0 })
  }

  @Test func `BLUE's is the mean over its sets`() {
    var scores = Dictionary(uniqueKeysWithValues: Suite.blue.sets.map { ($0.name, 0.5) })
    scores["MedNLI"] = 1
    #expect(abs((SuiteScore(.blue, scores).value ?? 0) - 0.55) < 1e-12)
    scores["MedNLI"] = nil
    #expect(SuiteScore(.blue, scores).value == nil)
  }
}
