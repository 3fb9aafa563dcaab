/// Folders of models that are given by their names on the Hub.
import Files
import Foundation
import TestSupport
import Testing

@testable import ModelHub

private let name = HubName("org/tiny")!
private let commit = String(repeating: "0123456789", count: 4)

/// Writes a cache as huggingface_hub does: the files are links to blobs. `listed`: the files that its listing has.
private func makeCache(_ folder: String, _ files: [String], listed: [String]? = nil) throws {
  let model = folder + "/models--org--tiny"
  for (index, file) in files.enumerated() {
    let path = "\(model)/snapshots/\(commit)/\(file)"
    try makeFolder(parentFolder(of: path))
    try makeFolder(model + "/blobs")
    try writeFile("content", to: "\(model)/blobs/\(index)")
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "../../blobs/\(index)")
  }
  try makeFolder(model + "/refs")
  try writeFile(commit, to: model + "/refs/main")
  guard let listed else { return }
  try makeFolder(model + "/trees")
  let listing: JSON = [
    "format_version": 1, "files": .object(Dictionary(uniqueKeysWithValues: listed.map { ($0, [:]) })),
  ]
  try writeFile(listing.text(), to: "\(model)/trees/\(commit).json")
}

@Test func `the snapshot of main is found in the Hub's cache`() throws {
  try withTemporaryFolder { folder in
    #expect(try modelFolder(of: name, downloads: folder + "/none", cache: folder) == nil)
    let files = ["config.json", "model.safetensors", "vocab.txt"]
    try makeCache(folder, files, listed: files + ["README.md", "onnx/model.onnx", "pytorch_model.bin"])
    let found = try modelFolder(of: name, downloads: folder + "/none", cache: folder)
    #expect(found == "\(folder)/models--org--tiny/snapshots/\(commit)")
    try writeFile("another commit", to: folder + "/models--org--tiny/refs/main")
    #expect(try modelFolder(of: name, downloads: folder + "/none", cache: folder) == nil)
  }
}

@Test(
  arguments: [
    (["config.json"], ["config.json", "vocab.txt", "model.safetensors"], ["vocab.txt", "model.safetensors"]),
    (["config.json"], nil, ["the weights"]), (["model.safetensors"], nil, ["config.json"]),
    (
      ["config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors"],
      [
        "config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
      ], ["model-00002-of-00002.safetensors"]
    ),
  ] as [([String], [String]?, [String])])
func `a partial snapshot is a fault that names what is missing`(
  _ present: [String], _ listed: [String]?, _ missing: [String]
) throws {
  try withTemporaryFolder { folder in
    try makeCache(folder, present, listed: listed)
    let snapshot = "\(folder)/models--org--tiny/snapshots/\(commit)"
    #expect(throws: ModelFolderFault.partial(name, snapshot: snapshot, missing: missing)) {
      try modelFolder(of: name, downloads: folder + "/none", cache: folder)
    }
  }
}

@Test func `a file whose blob is gone is missing`() throws {
  try withTemporaryFolder { folder in
    let files = ["config.json", "model.safetensors"]
    try makeCache(folder, files, listed: files)
    try FileManager.default.removeItem(atPath: folder + "/models--org--tiny/blobs/1")
    #expect(throws: ModelFolderFault.self) { try modelFolder(of: name, downloads: folder + "/none", cache: folder) }
  }
}

@Test func `the folder of a download comes first, and must be complete`() throws {
  try withTemporaryFolder { folder in
    try makeCache(folder, ["config.json", "model.safetensors"])
    try makeFolder(folder + "/downloaded")
    #expect(try modelFolder(of: name, downloads: folder + "/downloaded", cache: folder) == folder + "/downloaded")
    try makeFolder(folder + "/downloaded/" + partialsFolder)
    #expect(throws: ModelFolderFault.unfinished(name, folder: folder + "/downloaded")) {
      try modelFolder(of: name, downloads: folder + "/downloaded", cache: folder)
    }
  }
}

@Test func `paths stay as they are`() throws {
  for path in ["/tmp", "/tmp/none", "../x", "a/b/c", "no-such-model", "/"] { #expect(try modelFolder(path) == path) }
  #expect(throws: ModelFolderFault.self) { try modelFolder("no-such-organization/model") }
}
