/// Public corpora read in full, if they are present.
import Datasets
import Files
import FoundationEssentials
import Testing

@testable import Tasks

/// Third-party data: the folder `shared` next to the repository, or TUNE_SHARED.
private let data: String = {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let shared = ProcessInfo.processInfo.environment["TUNE_SHARED"]
  return (shared ?? root.deletingLastPathComponent().appending(path: "shared").path) + "/data"
}()

/// Numbers of sentences and entities from the README of the data.
@Test(
  .enabled(if: fileExists(data + "/ncbi-disease/train.tsv")),
  arguments: [
    ("ncbi-disease/train", 5424, 5134), ("ncbi-disease/devel", 923, 787), ("ncbi-disease/test", 940, 960),
    ("bc5cdr-chem/train", 4560, 5203), ("bc5cdr-disease/test", 4797, 4424),
  ])
func `public corpora have the documented numbers of sentences and entities`(
  _ name: String, _ sentences: Int, _ entities: Int
) throws {
  let original = try readCoNLL("\(data)/\(name).tsv")
  let corpus = IOB2Corpus(original)
  #expect(original.count == sentences && corpus.scheme == .iob2)
  #expect(corpus.sentences == original || corpus.invalidTags > 0)
  #expect(original.reduce(0) { $0 + TagScheme.iob2.spans($1.tags).spans.count } == entities)
}
