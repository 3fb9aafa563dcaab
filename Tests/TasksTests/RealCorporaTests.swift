import Files
import FoundationEssentials
import Testing

@testable import Tasks

/// The folder of third-party data beside the repository, or where TUNE_SHARED says.
private let data: String = {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let shared = ProcessInfo.processInfo.environment["TUNE_SHARED"]
  return (shared ?? root.deletingLastPathComponent().appending(path: "shared").path) + "/data"
}()

/// Counts of sentences and entities as the data's own README gives them.
@Test(
  .enabled(if: fileExists(data + "/ncbi-disease/train.tsv")),
  arguments: [
    ("ncbi-disease/train", 5424, 5134), ("ncbi-disease/devel", 923, 787), ("ncbi-disease/test", 940, 960),
    ("bc5cdr-chem/train", 4560, 5203), ("bc5cdr-disease/test", 4797, 4424),
  ])
func `real corpora are read whole`(_ name: String, _ sentences: Int, _ entities: Int) throws {
  let read = try readCoNLL("\(data)/\(name).tsv")
  let corpus = IOB2Corpus(read)
  #expect(read.count == sentences && corpus.scheme == .iob2)
  #expect(corpus.sentences == read || corpus.invalidTags > 0)
  #expect(read.reduce(0) { $0 + TagScheme.iob2.spans($1.tags).spans.count } == entities)
}
