/// BLUE, the Biomedical Language Understanding Evaluation benchmark (Peng et al. 2019, arXiv:1906.05474), with macro F1 of DDI's
/// types as since August 2019. Epochs and lengths are those of BlueBERT; it prescribes no grid and no number of seeds.

extension Suite {
  package static let blue = Suite(
    name: "BLUE",
    sets: [
      similarity("MedSTS", ["medsts", "clinicalsts"], [675, 75, 318]),
      similarity("BIOSSES", ["biosses"], [64, 16, 20]),
      ner("BC5CDR-disease", ["bc5cdr-disease"], "Disease", [4182, 4244, 4424]),
      ner("BC5CDR-chemical", ["bc5cdr-chem", "bc5cdr-chemical"], "Chemical", [5203, 5347, 5385]),
      ner("ShARe/CLEFE", ["shareclefehealthcorpus", "shareclefe"], "Disorder", [4628, 1075, 5195]),
      relations("DDI", ["ddi2013-type", "ddi"], ddi, "f1_macro", [2937, 1004, 979]),
      relations("ChemProt", ["chemprot"], chemProt, "f1_micro", [4154, 2416, 3458]),
      relations("i2b2-2010", ["i2b2-2010", "i2b2-2010-re"], i2b2, "f1_micro", [3110, 11, 6293]),
      SuiteSet(
        name: "HoC", type: "document classification", folders: ["hoc"], content: .documents(labels: hallmarks),
        metric: "f1_blue", maxLength: 512, epochs: 40, seeds: 5, unit: .documents, sizes: [1108, 157, 315]),
      SuiteSet(
        name: "MedNLI", type: "inference", folders: ["mednli"],
        content: .pairs(labels: ["contradiction", "entailment", "neutral"]), metric: "accuracy", maxLength: 128,
        epochs: 10, seeds: 5, unit: .pairs, sizes: [11232, 1395, 1422]),
    ], average: .sets)

  private static let i2b2 = ["0", "PIP", "TeCP", "TeRP", "TrAP", "TrCP", "TrIP", "TrNAP", "TrWP"]

  private static func similarity(_ name: String, _ folders: [String], _ sizes: [Int]) -> SuiteSet {
    SuiteSet(
      name: name, type: "sentence similarity", folders: folders, content: .similarity, metric: "pearson",
      maxLength: 128, epochs: 30, seeds: 5, unit: .pairs, sizes: sizes)
  }

  private static func ner(_ name: String, _ folders: [String], _ type: String, _ sizes: [Int]) -> SuiteSet {
    SuiteSet(
      name: name, type: "NER", folders: folders, content: .entities(type: type), metric: "f1", maxLength: 128,
      epochs: 30, seeds: 5, unit: .entities, sizes: sizes)
  }

  private static func relations(
    _ name: String, _ folders: [String], _ labels: [String], _ metric: String, _ sizes: [Int]
  ) -> SuiteSet {
    SuiteSet(
      name: name, type: "relation extraction", folders: folders, content: .relations(labels: labels), metric: metric,
      maxLength: 128, epochs: 10, seeds: 5, unit: .relations, sizes: sizes)
  }
}
