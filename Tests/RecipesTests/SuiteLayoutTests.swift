/// The layouts of BLURB's and BLUE's sets, what is refused, and the recipe that trains them.
import Files
import TestSupport
import Testing

@testable import Recipes

/// A folder of invented sets, and where they are written to.
private struct Data {
  let folder = TemporaryFolder()

  var output: String { folder.path + "/out" }

  /// The same text for train, dev and test.
  func write(_ text: String, _ set: String, _ ending: String, dev: String = "dev") throws {
    for split in ["train", dev, "test"] { try write(text, "\(set)/\(split).\(ending)") }
  }

  func write(_ text: String, _ path: String) throws {
    let path = folder.path + "/data/" + path
    try makeFolder(parentFolder(of: path))
    try writeFile(text, to: path)
  }

  func prepare(_ suite: Suite = .blurb, to output: String? = nil) throws -> PreparedSuite {
    try PreparedSuite(suite, in: folder.path + "/data", writingTo: output ?? self.output)
  }

  /// The written training data of the one set.
  func train(_ suite: Suite = .blurb) throws -> String {
    let prepared = try prepare(suite)
    #expect(prepared.found.count == 1, "\(prepared.states)")
    return try readText(try #require(prepared.found.first).files[0])
  }

  func why(_ name: String, _ suite: Suite = .blurb) throws -> String {
    // Another set, because a folder without any is a fault.
    try write("id\tsent1\tsent2\tscore\n1\ta\tb\t2\n", "BIOSSES", "tsv")
    let prepared = try prepare(suite)
    for case (let set, .refused(let why)) in zip(suite.sets, prepared.states) where set.name == name { return why }
    return "not refused"
  }
}

@Suite struct SuiteLayoutTests {
  @Test(
    arguments: [
      ("ncbi-disease", "devel", "tsv", "Aspirin\tO\nfever\tB-Disease\nhigh\tI-Disease\n\nNone\tO\n"),
      ("NCBI-disease-IOB", "devel", "tsv", "Aspirin\tO\nfever\tB\nhigh\tI\n\nNone\tO\n"),
      (
        "tokcls/NCBI-disease_hf", "dev", "json",
        """
        {"tokens": ["Aspirin", "fever", "high"], "ner_tags": ["O", "B", "I"], "id": "0"}
        {"tokens": ["None"], "ner_tags": ["O"], "id": "1"}
        """
      ),
      (
        "NCBI_disease", "validation", "jsonl",
        """
        {"tokens": ["Aspirin", "fever", "high"], "ner_tags": [0, 1, 2]}
        {"tokens": ["None"], "ner_tags": [0]}
        """
      ),
    ]) func `entities have one form, whatever the layout`(_ layout: (String, String, String, String)) throws
  {
    let data = Data()
    try data.write(layout.3, layout.0, layout.2, dev: layout.1)
    let train = try data.train()
    #expect(train == "Aspirin\tO\nfever\tB-Disease\nhigh\tI-Disease\n\nNone\tO\n\n")
    #expect(try data.prepare().found[0].sizes == [1, 1, 1])
  }

  @Test func `entities of another set, or that differ between files, and IOB1 are refused`() throws {
    var data = Data()
    try data.write("a\tB-Chemical\n", "NCBI-disease", "tsv")
    #expect(try data.why("NCBI-disease").contains("its entities are of the type Chemical, not Disease"))
    data = Data()
    try data.write("a\tB-Disease\n", "NCBI-disease", "tsv")
    try data.write("a\tB-Symptom\n", "NCBI-disease/test.tsv")
    #expect(try data.why("NCBI-disease").contains("different entity types: Disease, and Symptom"))
    data = Data()
    try data.write("a\tI-Disease\nb\tO\n", "NCBI-disease", "tsv")
    #expect(try data.why("NCBI-disease").contains("its tags are IOB1"))
  }

  @Test func `documents need ids of PubMed, and repeated ids of others become numbers`() throws {
    var data = Data()
    let labels = (0..<10).map { "\($0)_0" }.joined(separator: ",")
    try data.write("labels\tsentence\n\(labels)\ta\n", "HoC", "tsv")
    #expect(try data.why("HoC").contains("one named id or index"))
    data = Data()
    try data.write("labels\tsentence\tindex\n\(labels)\ta\tPMID_1_s0\n", "HoC", "tsv")
    #expect(try data.why("HoC").contains("expected a PubMed id"))
    data = Data()
    try data.write("7\t@GENE$ a\t1\n7\t@GENE$ b\t0\n", "GAD", "tsv")
    let train = try data.train()
    #expect(train.contains(#""id":"1""#) && train.contains(#""id":"2""#), "\(train)")
  }

  @Test func `types are merged in JNLPBA only, and PICO's words have types`() throws {
    var data = Data()
    let tags = "a\tB-DNA\nb\tI-DNA\nc\tB-protein\n"
    try data.write(tags, "JNLPBA", "tsv")
    #expect(try data.train() == "a\tB-Entity\nb\tI-Entity\nc\tB-Entity\n\n")
    data = Data()
    try data.write(tags, "BC2GM", "tsv")
    #expect(try data.why("BC2GM").contains("it has the entity types DNA, protein, but the set has one"))
    data = Data()
    try data.write("-DOCSTART-\tO\n\na\tI-PAR\nb\tI-PAR\nc\tI-INT\nd\tO\n", "ebmnlp", "tsv")
    #expect(try data.train() == "-DOCSTART-\tO\n\na\tPAR\nb\tPAR\nc\tINT\nd\tO\n\n")
    #expect(try data.prepare().found[0].sizes == [3, 3, 3])
  }

  @Test func `relations are read from BLURB's, LinkBERT's and BLUE's files`() throws {
    let expected = """
      {"id":"7.T1","label":"CPR:4","text":"@CHEMICAL$ blocks @GENE$."}
      {"id":"8.T1","label":"0","text":"@CHEMICAL$, @GENE$."}

      """
    var data = Data()
    try data.write("7.T1\t@CHEMICAL$ blocks @GENE$.\tCPR:4\n8.T1\t@CHEMICAL$, @GENE$.\tfalse\n", "chemprot", "tsv")
    #expect(try data.train() == expected)
    data = Data()
    try data.write(
      #"{"id": "7.T1", "sentence": "@CHEMICAL$ blocks @GENE$.", "label": "CPR:4"}"# + "\n"
        + #"{"id": "8.T1", "sentence": "@CHEMICAL$, @GENE$.", "label": "0"}"#, "data/seqcls/chemprot_hf", "json")
    #expect(try data.train() == expected)
    data = Data()
    let blue = "index\tsentence\tlabel\n1\t@DRUG$ and @DRUG$\tDDI-effect\n2\t@DRUG$ @DRUG$\tDDI-false\n"
    try data.write(blue, "ddi2013-type", "tsv")
    #expect(try data.train(.blue).contains(#"{"id":"1","label":"DDI-effect","text":"@DRUG$ and @DRUG$"}"#))
    #expect(try data.prepare(.blue).found[0].sizes == [1, 1, 1], "BLUE counts relations")
    data = Data()
    try data.write("1\t@DRUG$ and @DRUG$\teffect\n", "DDI", "tsv")
    #expect(try data.train().contains("DDI-effect"))
    data = Data()
    try data.write("index\tsentence\tlabel\n1\t@GENE$ and @DISEASE$\t1\n2\t@GENE$ or @DISEASE$\t0\n", "GAD", "tsv")
    #expect(try data.train().hasPrefix(#"{"id":"1","label":"1","text":"@GENE$ and @DISEASE$"}"#))
  }

  @Test func `pairs and documents are read`() throws {
    var data = Data()
    let pair = #"{"id":"3","label":2.5,"text":"a b","text_pair":"c"}"# + "\n"
    try data.write("pair_id\tsent1\tsent2\tscore\r\n3\ta b\tc\t2.5\r\n", "biosses", "tsv")
    #expect(try data.train() == pair)
    #expect(try data.train(.blue) == pair)
    data = Data()
    try data.write(#"{"sentence1": "a b", "sentence2": "c", "label": 2.5, "id": "3"}"#, "BIOSSES_hf", "json")
    #expect(try data.train() == pair)
    data = Data()
    func flags(_ applying: Int) -> String { (0..<10).map { "\($0)_\($0 == applying ? 1 : 0)" }.joined(separator: ",") }
    try data.write(
      "labels\tsentence\tindex\n\(flags(3))\tOne .\t12_s0\n\(flags(0))\tTwo .\t12_s1\n\(flags(-1))\tThree .\t13_s0\n",
      "hoc", "tsv")
    let documents = #"""
      {"id":"12","label":"0,3","text":"One . Two ."}
      {"id":"13","label":"","text":"Three ."}

      """#
    #expect(try data.train() == documents)
    data = Data()
    try data.write(
      #"{"sentence": "One . Two .", "label": [1,0,0,1,0,0,0,0,0,0], "id": "12"}"# + "\n"
        + #"{"sentence": "Three .", "label": [0,0,0,0,0,0,0,0,0,0], "id": "13"}"#, "HoC_hf", "json")
    #expect(try data.train() == documents)
    data = Data()
    try data.write("5\tIs it?\tIt is.\tyes\n6\tWas it?\tNo.\tno\n", "BioASQ", "tsv")
    #expect(try data.train().hasPrefix(#"{"id":"5","label":"yes","text":"Is it?","text_pair":"It is."}"#))
  }

  /// The ids are those that PubMedQA's preprocess/split_dataset.py gives for the same questions.
  @Test func `PubMedQA is divided as by its own script`() throws {
    let answers = ["yes", "no", "yes", "maybe", "no", "yes"]
    let questions = (0..<116).map { index in
      #""\#(1000 + index * 37 % 116)": {"QUESTION": "q \#(index)?", "CONTEXTS": ["a, {\"b\": ", " c"], "#
        + #""final_decision": "\#(answers[index % 6])"}"#
    }
    let data = Data()
    try data.write("{" + questions.joined(separator: ",\n") + "}", "pubmedqa/ori_pqal.json")
    let found = try #require(try data.prepare().found.first)
    let ids = try found.files.map { file in try JSON.lines(path: file).compactMap { $0["id"]?.string } }
    #expect(ids.map(\.count) == [53, 5, 58] && found.sizes == [53, 5, 58])
    #expect(ids[1] == ["1000", "1115", "1079", "1017", "1051"])
    #expect(ids[0].prefix(3) == ["1060", "1100", "1048"])
    #expect(ids[2].prefix(6) == ["1106", "1019", "1035", "1046", "1064", "1102"])
    #expect(try readText(found.files[0]).contains(#""text_pair":"a, {\"b\": c"}"#))
    try data.write(#"{"1000": "yes"}"#, "pubmedqa/test_ground_truth.json")
    #expect(try data.why("PubMedQA").contains("found questions whose split is not that of"))
    try data.write(#"{"5": {"QUESTION": "q?", "CONTEXTS": ["c"], "final_decision": "no"}}"#, "pubmedqa/test_set.json")
    for split in ["train", "dev"] {
      try data.write(
        #"{"4": {"QUESTION": "\#(split)?", "CONTEXTS": ["c"], "final_decision": "yes"}}"#,
        "pubmedqa/pqal_fold0/\(split)_set.json")
    }
    // What runs may have read stays: other data need another folder.
    #expect(throws: FileFault.self) { try data.prepare() }
    let other = try data.prepare(to: data.output + "-2")
    #expect(other.found.first { $0.set.name == "PubMedQA" }?.sizes == [1, 1, 1])
  }

  @Test func `what looks like a set and is not is refused by its name`() throws {
    var data = Data()
    try data.write(#"{"text": "<< A >> stops [[ B ]].", "label": "INHIBITOR", "metadata": []}"#, "chemprot", "txt")
    let why = try data.why("ChemProt")
    #expect(why.contains("not BLURB's ChemProt") && why.contains("SciBERT's ChemProt") && why.contains("'tune bench'"))
    #expect(try data.why("ChemProt", .blue).contains("not BLUE's ChemProt"))
    try data.write("1\t@CHEMICAL$ blocks @GENE$.\tCPR:4\n", "data/chemprot", "tsv")
    let found = try data.prepare().found.first { $0.set.name == "ChemProt" }
    #expect(found?.folder.hasSuffix("data/data/chemprot") == true && found?.refused.count == 1)
    data = Data()
    try data.write("1\tAspirin blocks COX.\tCPR:4\n", "chemprot", "tsv")
    #expect(try data.why("ChemProt").contains("0 of 1 sentences have their entities replaced by their types"))
    data = Data()
    let flags = (0..<10).map { "\($0)_0" }.joined(separator: ",")
    for (split, count) in [("train", 1295), ("dev", 186), ("test", 371)] {
      let rows = (0..<count).map { "\(flags)\tText .\t\($0)_s0\n" }.joined()
      try data.write("labels\tsentence\tindex\n" + rows, "hoc/\(split).tsv")
    }
    #expect(try data.why("HoC", .blue).contains("its 371 test documents are BLURB's"))
    #expect(try data.why("HoC") == "not refused")
  }

  @Test(
    arguments: [
      ("chemprot/test.tsv", "1\t@A$ @B$\n", "test.tsv:1: found 2 columns and no header; expected 3 columns"),
      ("chemprot/test.tsv", "1\t@A$ @B$\t0\n2\t@A$\n", "test.tsv:2: found 2 columns; expected 3"),
      ("chemprot/test.tsv", "1\t\t0\n", "test.tsv:1: found \"\" as text; expected a text"),
      (
        "chemprot/test.tsv", "{\"id\": \"1\", \"label\": \"0\"}",
        "test.tsv:1: found the columns id, label; expected one named sentence"
      ),
      ("chemprot/test.tsv", "\n", "test.tsv: found no rows"),
      ("chemprot/test.tsv", "[1]", "test.tsv:1: found a whole number; expected a JSON object"),
    ]) func `a malformed file says where and what was expected`(_ file: (String, String, String)) throws
  {
    let data = Data()
    try data.write("1\t@A$ @B$\t0\n", "chemprot", "tsv")
    try data.write(file.1, file.0)
    let why = try data.why("ChemProt")
    #expect(why.contains(file.2), "\(why)")
  }

  @Test(
    arguments: [
      (
        #"{"tokens": ["a\tb"], "ner_tags": ["O"]}"#,
        "train.json:1: found the token \"a\\u{9}b\"; expected a text without"
      ),
      (#"{"tokens": ["a"], "ner_tags": ["O", "O"]}"#, "train.json:1: found no tokens with their tags; expected"),
      (#"{"tokens": ["a"], "ner_tags": [3]}"#, "train.json:1: found the tag 3; expected"),
      (#"{"tokens": ["a"], "ner_tags": ["S-Gene"]}"#, "train.json:1: found the tag \"S-Gene\"; expected tags in IOB2"),
    ]) func `malformed tokens and tags are named`(_ line: (String, String)) throws
  {
    let data = Data()
    try data.write(line.0, "BC2GM", "json")
    let why = try data.why("BC2GM")
    #expect(why.contains(line.1), "\(why)")
  }

  @Test func `missing files and folders are named`() throws {
    let data = Data()
    #expect(throws: FileFault.missing(path: data.folder.path + "/data")) { try data.prepare() }
    try data.write("1\t@A$ @B$\t0\n", "chemprot/train.tsv")
    let why = try data.why("ChemProt")
    #expect(why.contains("found train.tsv; expected a file dev.tsv or dev.json, or devel.tsv"), "\(why)")
    let prepared = try data.prepare()
    guard case .missing(["gad"]) = prepared.states[8] else { return #expect(Bool(false), "\(prepared.states[8])") }
    #expect(prepared.found[0].difference == "its table has 64 / 16 / 20 pairs, these files 1 / 1 / 1")
  }
}
