/// Faults of paths: files and folders that are missing or of the wrong type.
import Files
import TestSupport
import Testing

@testable import Recipes

@Test func `a missing file gets the nearest name`() throws {
  try inNewFolder { folder in
    let valid = try shippedRecipe(withFilesIn: folder)
    #expect(try faults(valid, checkFiles: true) == [])
    #expect(
      try faults(valid, "data.train=\(folder)/shared/data/ncbi-disease/trian.tsv", checkFiles: true) == [
        "data.train: found \"\(folder)/shared/data/ncbi-disease/trian.tsv\", "
          + "but \"\(folder)/shared/data/ncbi-disease\" has no \"trian.tsv\"; expected the path of a file. "
          + "Did you mean '\(folder)/shared/data/ncbi-disease/train.tsv'?"
      ])
    #expect(
      try faults(valid, "model.path=\(folder)/sharde/models/minilm-l6", checkFiles: true) == [
        "model.path: found \"\(folder)/sharde/models/minilm-l6\", but \"\(folder)\" has no \"sharde\"; "
          + "expected the path of a folder with config.json. Did you mean '\(folder)/shared/models/minilm-l6'?"
      ])
    #expect(
      try faults(valid, "model.path=\(folder)/shared/models/minilm", checkFiles: true)[0]
        .hasSuffix("Did you mean '\(folder)/shared/models/minilm-l6'?"))
    #expect(
      try faults(valid, "data.dev=nowhere-to-be-found.tsv", checkFiles: true) == [
        "data.dev: found \"nowhere-to-be-found.tsv\", but \".\" has no \"nowhere-to-be-found.tsv\"; "
          + "expected the path of a file."
      ])
  }
}

@Test func `a file instead of a folder, or a folder instead of a file, is reported`() throws {
  try inNewFolder { folder in
    let valid = try shippedRecipe(withFilesIn: folder)
    let file = "\(folder)/shared/data/ncbi-disease/test.tsv"
    #expect(
      try faults(valid, "data.train=\(folder)/shared", checkFiles: true) == [
        "data.train: found \"\(folder)/shared\", a folder; expected the path of a file."
      ])
    #expect(
      try faults(valid, "model.path=\(folder)/shared", checkFiles: true) == [
        "model.path: found \"\(folder)/shared\", a folder without config.json; "
          + "expected the path of a folder with config.json."
      ])
    #expect(
      try faults(valid, "model.path=\(file)", checkFiles: true) == [
        "model.path: found \"\(file)\", a file; expected the path of a folder with config.json."
      ])
    #expect(
      try faults(valid, "output=\(file)/out", checkFiles: true) == [
        "output: found \"\(file)/out\", but \"\(file)\" is a file; expected the path of a folder."
      ])
  }
}

@Test func `a missing recipe is a fault of the file`() {
  #expect(throws: FileFault.missing(path: "no/such.json")) { try Recipe.load(path: "no/such.json") }
}
