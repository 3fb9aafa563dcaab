/// What a recipe reads that is not here, and where to get it.
import Files

/// A file or folder that a recipe of the library needs and that is missing.
package struct RecipeNeed: Sendable, Equatable {
  package let path: String
  /// How to get it; nil: unknown.
  package let source: String?

  /// The missing paths of the recipe at `path`. Files of one folder are one need.
  static func all(ofRecipeAt path: String) throws -> [RecipeNeed] {
    let recipes =
      try Sweep.load(path: path, checkFiles: false)?.cells.map(\.recipe) ?? [Recipe.load(path: path, checkFiles: false)]
    return recipes.flatMap(\.inputs).filter { !fileExists($0) }.map(RecipeNeed.init).reduce(into: []) { needs, need in
      if !needs.contains(need) { needs.append(need) }
    }
  }

  /// The folder that `path` is in, if it is to be had as a whole; else `path`.
  init(_ path: String) {
    let known = Self.sources.first { path.hasSuffix($0.folder) || path.contains($0.folder + "/") }
    let parent = known.map { path.split(separator: $0.folder, maxSplits: 1, omittingEmptySubsequences: false)[0] }
    self.path = parent.map { "\($0)\(known?.folder ?? "")" } ?? path
    source = known?.source
  }

  /// By the end of the folder's path.
  private static let sources = [
    ("checkpoints/biomed-mini-l3", "in tune's repository"),
    ("recipes/quickstart", "written by: quickstart-corpus recipes/quickstart (make quickstart)"),
    (
      "models/minilm-l6",
      "tune download sentence-transformers/all-MiniLM-L6-v2 --to FOLDER, or scripts/fetch-minilm.sh FOLDER"
    ),
    ("data/ncbi-disease", "NCBI-disease as CoNLL: github.com/cambridgeltl/MTL-Bioinformatics-2016, NCBI-disease-IOB"),
    ("data/chemprot", "ChemProt as JSON lines: github.com/allenai/scibert, data/text_classification/chemprot"),
    ("data/hoc", "Hallmarks of Cancer as TSV, in the form of BLURB: microsoft.github.io/BLURB"),
    (
      "data/bioasq",
      "task B of BioASQ as it is downloaded, named training.json and golden.json: participants-area.bioasq.org"
    ),
    ("data/biosses", "BIOSSES as TSV, in the form of BLURB: microsoft.github.io/BLURB"),
    ("data/pubmed-text", "your own running text: PubMed abstracts, one a line; MedQuAD as JSON lines"),
    (
      "runs/covid-qa",
      "made of COVID-QA (github.com/deepset-ai/COVID-QA) by: scripts/split-squad.py 200423_covidQA.json runs/covid-qa"
    ),
    (
      "runs/pubmed-sentences",
      "made of running text, one text a line, by: scripts/split-sentences.py TEXT 30000 sent1 > runs/pubmed-sentences/train.tsv"
    ),
    ("runs/minilm-5950", "made by scripts/make-base.sh"),
    ("runs/distil-general/model", "the result of: tune run distil-general"),
    ("checkpoints/ncbi-disease-teacher/adapter", "the result of: tune run ncbi-disease-teacher"),
    ("runs/vocabulary-8000", "made by: tune tokenizer train TEXT --size 8000 --output runs/vocabulary-8000"),
  ].map { (folder: $0, source: $1) }
}

extension Recipe {
  /// The files and folders that a run reads.
  package var inputs: [String] {
    let teachers = distillation?.teachers.flatMap { [$0.path] + ($0.adapter.map { [$0] } ?? []) } ?? []
    return model.folders + teachers + parts.flatMap(\.data.files).flatMap(\.paths)
  }
}
