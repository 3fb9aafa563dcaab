/// BLURB, the Biomedical Language Understanding and Reasoning Benchmark (Gu et al. 2021, doi:10.1145/3458754): tables 3 and 4,
/// and for what these leave open (epochs, files) BioLinkBERT's published settings (Yasunaga et al. 2022, arXiv:2203.15827).

extension Suite {
  package static let blurb = Suite(
    name: "BLURB",
    sets: [
      ner("BC5-chem", ["bc5cdr-chem", "bc5-chem"], "Chemical", epochs: 20, [5203, 5347, 5385]),
      ner("BC5-disease", ["bc5cdr-disease", "bc5-disease"], "Disease", epochs: 8, [4182, 4244, 4424]),
      ner("NCBI-disease", ["ncbi-disease"], "Disease", epochs: 20, [5134, 787, 960]),
      ner("BC2GM", ["bc2gm"], "Gene", epochs: 50, [15197, 3061, 6325]),
      ner("JNLPBA", ["jnlpba"], "Entity", merged: true, epochs: 5, [46750, 4551, 8662]),
      SuiteSet(
        name: "EBM PICO", type: "PICO", folders: ["ebmnlp", "ebm-pico", "ebm-nlp"],
        content: .words(types: ["PAR", "INT", "OUT"]), metric: "f1_word_macro", maxLength: 512, epochs: 2, seeds: 5,
        unit: .words, sizes: [339167, 85321, 16364]),
      relations("ChemProt", ["chemprot"], chemProt, length: 256, epochs: 10, [18035, 11268, 15745]),
      relations("DDI", ["ddi"], ddi, length: 256, epochs: 5, [25296, 2496, 5716]),
      relations("GAD", ["gad"], ["0", "1"], length: 128, epochs: 10, [4261, 535, 534]),
      SuiteSet(
        name: "BIOSSES", type: "sentence similarity", folders: ["biosses"], content: .similarity, metric: "pearson",
        maxLength: 512, epochs: 30, seeds: 10, unit: .pairs, sizes: [64, 16, 20]),
      SuiteSet(
        name: "HoC", type: "document classification", folders: ["hoc"], content: .documents(labels: hallmarks),
        metric: "f1_micro", maxLength: 512, epochs: 40, seeds: 5, unit: .documents, sizes: [1295, 186, 371]),
      SuiteSet(
        name: "PubMedQA", type: "QA", folders: ["pubmedqa"], content: .pubMedQA, metric: "accuracy",
        maxLength: 512, epochs: 30, seeds: 10, unit: .questions, sizes: [450, 50, 500]),
      SuiteSet(
        name: "BioASQ", type: "QA", folders: ["bioasq"], content: .pairs(labels: ["no", "yes"]), metric: "accuracy",
        maxLength: 512, epochs: 20, seeds: 10, unit: .questions, sizes: [670, 75, 140]),
    ], average: .types)

  static let chemProt = ["0", "CPR:3", "CPR:4", "CPR:5", "CPR:6", "CPR:9"]
  static let ddi = ["0", "DDI-advise", "DDI-effect", "DDI-int", "DDI-mechanism"]
  /// By their numbers, as the files have them.
  static let hallmarks = (0..<10).map(String.init)

  private static func ner(
    _ name: String, _ folders: [String], _ type: String, merged: Bool = false, epochs: Int, _ sizes: [Int]
  ) -> SuiteSet {
    SuiteSet(
      name: name, type: "NER", folders: folders, content: .entities(type: type, merged: merged), metric: "f1",
      maxLength: 512, epochs: epochs, seeds: 5, unit: .entities, sizes: sizes)
  }

  private static func relations(
    _ name: String, _ folders: [String], _ labels: [String], length: Int, epochs: Int, _ sizes: [Int]
  ) -> SuiteSet {
    SuiteSet(
      name: name, type: "relation extraction", folders: folders, content: .relations(labels: labels),
      metric: "f1_micro", maxLength: length, epochs: epochs, seeds: 5, unit: .examples, sizes: sizes)
  }
}
