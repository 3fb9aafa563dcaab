/// Tests SHA-256 against `sha256sum`, for files and for sharded checkpoints.
import Checkpoints
import Files
import FoundationEssentials
import TestSupport
import Testing

struct DigestTests {
  let folder = TemporaryFolder()

  /// Golden: the examples of FIPS 180-2, and `head -c 3000000 /dev/zero | sha256sum`.
  @Test func `a file has the digest of sha256sum`() throws {
    let path = folder.path + "/a"
    for (data, digest) in [
      (Data(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      (Data("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (Data(count: 3_000_000), "35bce4eae54ec8e6cc2868baa8d157914d6ae2858811b4cc0c078c94460fa26f"),
    ] {
      try writeFile(data, to: path)
      #expect(try sha256(ofFile: path) == digest)
    }
  }

  /// Golden: `cd Tests/Fixtures/checkpoints/sharded; LC_ALL=C; sha256sum model-*.safetensors | sha256sum`.
  @Test func `shards have one digest, independent of their folder's path`() throws {
    let golden = "0bc682c15fcc36a8a23ebbfe40ee5ea88a6de7aeabfcdd0e09025f81a86f301c"
    #expect(try Checkpoint(folder: fixtures + "sharded").sha256 == golden)
    #expect(try Checkpoint(folder: fixtures + "../checkpoints/sharded").sha256 == golden)
  }

  @Test func `a checkpoint of one file has that file's digest`() throws {
    let path = fixtures + "f32.safetensors"
    #expect(try Checkpoint(file: path).sha256 == sha256(ofFile: path))
  }

  @Test func `a missing file and a folder have no digest`() {
    #expect(throws: FileFault.missing(path: "/nowhere")) { try sha256(ofFile: "/nowhere") }
    #expect(throws: FileFault.unreadable(path: folder.path, why: "Is a directory")) { try sha256(ofFile: folder.path) }
  }
}
