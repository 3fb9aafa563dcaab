import Encoders
/// Names of base models in published files.
import Files
import TestSupport
import Testing

private func name(_ folder: String, _ source: JSON?) throws -> String {
  let json = try JSON(path: fixture("tiny-bert/config.json")).object ?? [:]
  let config = try ModelConfig(json: .object(json.merging(["_name_or_path": source ?? .null]) { $1 }), file: "c")
  return publicName(ofBase: folder, config)
}

@Test func `the name is that on the Hub where config.json or the Hub's cache has it`() throws {
  #expect(try name("/data/biobert-v1.1", "dmis-lab/biobert-v1.1") == "dmis-lab/biobert-v1.1")
  #expect(try name("models/biobert", "dmis-lab/BioBERT-v1.1") == "dmis-lab/BioBERT-v1.1")
  #expect(try name("bert-base-uncased", "bert-base-uncased") == "bert-base-uncased")
  #expect(try name("/cache/models--dmis-lab--biobert-v1.1/snapshots/0123abc", "x/y") == "dmis-lab/biobert-v1.1")
}

@Test func `a downloaded folder has its name on the Hub`() throws {
  try withTemporaryFolder { folder in
    try writeFile(#"{"model": "dmis-lab/biobert-v1.1"}"#, to: folder + "/download.json")
    #expect(try name(folder, "x/y") == "dmis-lab/biobert-v1.1")
    try writeFile(#"{"model": "../x"}"#, to: folder + "/download.json")
    #expect(try name(folder, nil) == lastPathComponent(folder))
  }
}

@Test func `it is the folder's name where _name_or_path is another model or a local path`() throws {
  #expect(try name("checkpoints/biomed-mini-l3", "nreimers/MiniLM-L6-H384-uncased") == "biomed-mini-l3")
  #expect(try name("/data/biobert-ner", "dmis-lab/biobert") == "biobert-ner")
  for path: JSON in ["/home/me/bert", "./bert", "../bert", "out/run/bert", "C:\\bert", "my folder/bert", "", 3, nil] {
    #expect(try name("/data/bert", path) == "bert", "\(path)")
  }
}
