/// The table of known base models. A field that no source states is "not known".

extension KnownBase {
  package static let all = [
    bert(
      "dmis-lab/biobert-v1.1", "12 × 768", .cased, "not known", bin, "BERT-base-cased continued on PubMed. " + setCase),
    bert(
      "dmis-lab/biobert-base-cased-v1.2", "12 × 768", .cased, "not known", bin,
      "BERT-base-cased continued on PubMed. " + setCase),
    bert(
      "dmis-lab/biobert-large-cased-v1.1", "24 × 1024", .cased, "not known", unknown,
      "Has a vocabulary of its own, so that its token ids are not those of the base models."),
    bert(
      biomedBERT + "base-uncased-abstract-fulltext", "12 × 768", .uncased, "mit", bin,
      "Formerly PubMedBERT: abstracts and full texts, from scratch, with a vocabulary of its own."),
    bert(
      biomedBERT + "base-uncased-abstract", "12 × 768", .uncased, "mit", bin,
      "PubMed abstracts only, from scratch, with a vocabulary of its own."),
    bert(
      biomedBERT + "large-uncased-abstract", "24 × 1024", .uncased, "mit", unknown,
      "PubMed abstracts only, from scratch."),
    bert(
      "emilyalsentzer/Bio_ClinicalBERT", "12 × 768", .cased, "mit", bin,
      "BioBERT v1.0 continued on all notes of MIMIC-III in sequences of 128 tokens. " + setCase),
    bert(
      "emilyalsentzer/Bio_Discharge_Summary_BERT", "12 × 768", .cased, "not known", unknown,
      "BioBERT v1.0 continued on the discharge summaries of MIMIC-III. " + setCase),
    bert(
      "bionlp/bluebert_pubmed_mimic_uncased_L-12_H-768_A-12", "12 × 768", .uncased, "cc0-1.0", unknown,
      "BERT-base-uncased continued on PubMed and MIMIC-III. " + bluePreparation),
    bert(
      "bionlp/bluebert_pubmed_uncased_L-12_H-768_A-12", "12 × 768", .uncased, "cc0-1.0", unknown,
      "BERT-base-uncased continued on PubMed. " + bluePreparation),
    bert(
      "michiyasunaga/BioLinkBERT-base", "12 × 768", .unknown, "apache-2.0", unknown,
      "PubMed abstracts with their citations as context."),
    bert(
      "michiyasunaga/BioLinkBERT-large", "24 × 1024", .unknown, "apache-2.0", unknown,
      "PubMed abstracts with their citations as context."),
    bert(
      "cambridgeltl/SapBERT-from-PubMedBERT-fulltext", "12 × 768", .uncased, "not known", unknown,
      "BiomedBERT trained on UMLS names, for names of at most 25 tokens: the last layer's [CLS] is the embedding."),
    bert(
      "allenai/scibert_scivocab_uncased", "12 × 768", .uncased, "not known", "pytorch_model.bin",
      "Scientific papers of Semantic Scholar, with a vocabulary of its own; has vocab.txt only, which must be lower-cased."
    ),
    bert(
      "bioformers/bioformer-8L", "8 × 512", .cased, "apache-2.0", unknown,
      "PubMed and PMC from scratch, 43 M parameters. " + setCase),
    bert(
      "bioformers/bioformer-16L", "16 × 384", .cased, "not known", unknown,
      "PubMed and PMC from scratch, 42 M parameters. " + setCase),
    KnownBase(
      name: "nlpie/bio-distilbert-cased", family: "DistilBERT", size: "6 × 768", letterCase: "cased", licence: "mit",
      weights: unknown, notes: "DistilBERT-base-cased continued on PubMed, 65 M parameters.", obstacle: nil),
    KnownBase(
      name: "nlpie/clinical-distilbert", family: "DistilBERT", size: "6 × 768", letterCase: "cased", licence: "mit",
      weights: unknown, notes: "BioDistilBERT continued on MIMIC-III, 65 M parameters.", obstacle: nil),
    KnownBase(
      name: "kamalkraj/bioelectra-base-discriminator-pubmed", family: "ELECTRA", size: "12 × 768",
      letterCase: "not known", licence: "not known", weights: unknown,
      notes: "PubMed abstracts from scratch, with a vocabulary of its own. The discriminator has no masked-LM head.",
      obstacle: nil),
    KnownBase(
      name: "allenai/biomed_roberta_base", family: "RoBERTa", size: "12 × 768", letterCase: "cased",
      licence: "not known", weights: unknown,
      notes: "RoBERTa-base continued on 2.68 M full papers; byte-level BPE (vocab.json, merges.txt).", obstacle: nil),
    modernBERT("thomas-sounack/BioClinical-ModernBERT-base", "22 × 768", "150 M"),
    modernBERT("thomas-sounack/BioClinical-ModernBERT-large", "28 × 1024", "396 M"),
    KnownBase(
      name: "yikuan8/Clinical-Longformer", family: "Longformer", size: "12 × 768", letterCase: "cased",
      licence: "not known", weights: unknown, notes: "MIMIC-III notes of up to 4,096 tokens.",
      obstacle: "Longformer's attention is not implemented; BioClinical ModernBERT reads 8,192 tokens"),
  ]

  private enum Case: String {
    case cased, uncased
    case unknown = "not known"
  }

  private static func bert(
    _ name: String, _ size: String, _ letterCase: Case, _ licence: String, _ weights: String, _ notes: String
  ) -> KnownBase {
    KnownBase(
      name: name, family: "BERT", size: size, letterCase: letterCase.rawValue, licence: licence, weights: weights,
      notes: notes, obstacle: nil)
  }

  private static func modernBERT(_ name: String, _ size: String, _ parameters: String) -> KnownBase {
    KnownBase(
      name: name, family: "ModernBERT", size: size, letterCase: "cased", licence: "mit", weights: unknown,
      notes: "ModernBERT continued on 53.5 billion tokens of biomedical and clinical text, \(parameters) parameters; "
        + "sequences of up to 8,192 tokens, byte-level BPE.", obstacle: nil)
  }

  private static let unknown = "not known"
  private static let bin = "pytorch_model.bin"
  private static let biomedBERT = "microsoft/BiomedNLP-BiomedBERT-"
  private static let setCase = "If its files do not say the letter case, set model.lowercase to false."
  private static let bluePreparation = "Its texts were lower-cased, without characters beyond ASCII."
}
