import Files
import Foundation
import ModelHub
import TestSupport
import Testing

/// Downloads from a local Hub that fails on demand.
@testable import Downloads

/// A Hub with the model "org/m", and a folder to download it into.
private final class Fixture {
  static let weights = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
  static let files: [String: [UInt8]] = [
    "config.json": Array("{}".utf8), "vocab.txt": Array("[PAD]\n".utf8), "model.safetensors": weights,
    "tf_model.h5": Array(repeating: 7, count: 9000), "onnx/model.onnx": [1, 2, 3],
  ]
  static let chosen = ["config.json", "model.safetensors", "vocab.txt"]

  let hub: TestHub
  let folder = TemporaryFolder()
  var target: String { folder.path + "/models/m" }
  var pauses: [Int] = []

  init(certificate: String? = nil, key: String? = nil) throws {
    hub = try TestHub(certificate: certificate, key: key)
    try hub.add("org/m", Self.files)
  }

  func settings(_ variables: [String: String] = [:]) throws -> HubSettings {
    try HubSettings(
      ["HOME": folder.path, "HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_secret", "HF_HUB_DOWNLOAD_TIMEOUT": "1"]
        .merging(variables) { $1 })
  }

  func run(_ patterns: [String] = [], revision: String = "main", _ variables: [String: String] = [:]) throws {
    var download = ModelDownload(
      HubName("org/m")!, revision: revision, patterns: patterns, folder: target, settings: try settings(variables)
    ) { _ in }
    download.pause = { self.pauses.append($0) }
    try download.run()
  }

  /// The message of the fault that `run` ends with.
  func fault(_ patterns: [String] = [], revision: String = "main", _ variables: [String: String] = [:]) -> String {
    do {
      try run(patterns, revision: revision, variables)
      return "no fault"
    } catch {
      return "\(error)"
    }
  }

  var names: [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: target)) ?? []).filter { !isFolder("\(target)/\($0)") }
      .sorted()
  }

  func checkComplete() throws {
    #expect(names == (Self.chosen + ["download.json"]).sorted())
    for name in Self.chosen { #expect(try [UInt8](readFile("\(target)/\(name)")) == Self.files[name], "\(name)") }
  }

  /// The requests for the weights: server, and the header Range.
  func weightRequests() throws -> [String] {
    try hub.requests().filter {
      $0["path"]?.string?.hasSuffix("model.safetensors") == true || $0["server"] == "storage"
    }
    .map { ($0["server"]?.string ?? "") + ($0["headers"]?["range"]?.string.map { " " + $0 } ?? "") }
  }
}

@Suite(.enabled(if: TestHub.isPermitted, "the test server needs python3")) struct DownloadTests {
  @Test func `the needed files are downloaded, recorded and not downloaded again`() throws {
    let fixture = try Fixture()
    try fixture.run()
    try fixture.checkComplete()
    let record = try JSON(path: fixture.target + "/download.json")
    #expect(record["model"] == "org/m" && record["commit"]?.string?.count == 40)
    #expect(record["files"]?["model.safetensors"]?["sha256"]?.string?.count == 64)
    _ = try fixture.hub.requests()
    try fixture.run()
    #expect(try fixture.hub.requests().allSatisfy { $0["path"]?.string?.hasPrefix("/api/") == true })
    try fixture.run(["onnx/*"], revision: record["commit"]?.string ?? "")
    #expect(fixture.names.contains("onnx/model.onnx"))
    #expect(try JSON(path: fixture.target + "/download.json")["files"]?.object?.count == 4)
  }

  @Test func `the token stays with the Hub`() throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults("moved", of: "org/m/config.json")
    try fixture.run()
    let requests = try fixture.hub.requests()
    #expect(Set(requests.compactMap { $0["server"]?.string }) == ["hub", "storage"])
    for request in requests {
      #expect(request["headers"]?["authorization"]?.string == (request["server"] == "hub" ? "Bearer hf_secret" : nil))
    }
  }

  @Test func `a cut connection is continued where it ended, by a new address`() throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults("cut", of: "org/m/model.safetensors")
    try fixture.run()
    try fixture.checkComplete()
    #expect(try fixture.weightRequests() == ["hub", "storage", "hub bytes=100000-", "storage bytes=100000-"])
    #expect(fixture.pauses == [1])
  }

  @Test func `another run continues where the last one ended`() throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults("cut", "no-repo", of: "org/m/model.safetensors")
    #expect(fixture.fault().contains("not found"))
    #expect(fixture.names.filter { $0.hasSuffix(".incomplete") }.count == 1)
    #expect(!fixture.names.contains("model.safetensors") && !fixture.names.contains("download.json"))
    _ = try fixture.hub.requests()
    try fixture.run()
    try fixture.checkComplete()
    #expect(try fixture.weightRequests() == ["hub bytes=100000-", "storage bytes=100000-"])
  }

  @Test(arguments: [
    "cut", "short", "stall", "trickle", "drop", "ignore-range", "expired", "moved", "long", "flip", "status-429",
    "status-500", "status-503", "status-408",
  ])
  func `one fault does not stop a download`(_ fault: String) throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults(fault, of: "org/m/model.safetensors")
    try fixture.run()
    try fixture.checkComplete()
  }

  @Test func `a server that ignores Range sends all of it`() throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults("cut", "ignore-range", of: "org/m/model.safetensors")
    try fixture.run()
    try fixture.checkComplete()
  }

  @Test func `a partial file with wrong bytes is downloaded again`() throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults("cut", "no-repo", of: "org/m/model.safetensors")
    #expect(fixture.fault() != "no fault")
    let partial = try #require(fixture.names.first { $0.hasSuffix(".incomplete") })
    var bytes = [UInt8](try readFile("\(fixture.target)/\(partial)"))
    bytes[5] ^= 1
    try writeFile(Data(bytes), to: "\(fixture.target)/\(partial)")
    try fixture.run()
    try fixture.checkComplete()
  }

  @Test(arguments: [
    (["flip", "flip"], "model.safetensors: found SHA-256 "),
    (Array(repeating: "long", count: 6), "the answer has 200010 bytes; expected 200000"),
    (["login"], "the content is a web page (HTML)"), (["cut", "wrong-range"], "the answer has the range"),
    (["gated"], "access must be granted first"),
    (["no-entry"], "the model has no such file"), (["status-403"], "status 403"),
    (Array(repeating: "short", count: 6), "the answer has 199990 bytes; expected 200000"),
    (Array(repeating: "drop", count: 12), "What was downloaded is kept"),
    (Array(repeating: "status-429", count: 6), "too many requests"), (["status-429-900"], "too many requests"),
  ])
  func `faults that stay are reported, and nothing has a final name before its time`(
    _ faults: [String], _ message: String
  ) throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults(list: faults, of: "org/m/model.safetensors")
    let found = fixture.fault()
    #expect(found.contains(message), "\(found)")
    #expect(!fixture.names.contains("model.safetensors") && !fixture.names.contains("download.json"))
    try fixture.hub.setFaults(list: [], of: "org/m/model.safetensors")
    try fixture.run()
    try fixture.checkComplete()
  }

  @Test func `the server's own pause is respected`() throws {
    let fixture = try Fixture()
    try fixture.hub.setFaults("status-429-7", "status-429", "status-503", of: "org/m/revision")
    try fixture.run()
    #expect(fixture.pauses == [8, 2, 4])
  }

  @Test(arguments: [
    ("revision", "login", "the answer is a web page"), ("tree", "elsewhere", "Is it the page of a login?"),
    ("revision", "no-repo", "said by the test server"), ("tree", "gated", "access must be granted first"),
  ])
  func `a login page or a refusal instead of the list of files`(_ api: String, _ fault: String, _ message: String)
    throws
  {
    let fixture = try Fixture()
    try fixture.hub.setFaults(fault, of: "org/m/\(api)")
    let found = fixture.fault()
    #expect(found.contains(message), "\(found)")
    #expect(fixture.names.isEmpty)
  }

  @Test func `an unknown revision, no matching file, no weights`() throws {
    let fixture = try Fixture()
    #expect(fixture.fault(revision: "v9/x").contains("has no such revision"))
    #expect(fixture.fault(["*.bin"]).contains("tf_model.h5"))
    try fixture.hub.add("org/none", ["config.json": [1], "tf_model.h5": [2]])
    let download = ModelDownload(
      HubName("org/none")!, revision: "main", patterns: [], folder: fixture.target, settings: try fixture.settings()
    ) { _ in }
    #expect(throws: DownloadFault.self) { try download.run() }
    #expect(fixture.fault([], ["HF_HUB_OFFLINE": "1"]).contains("HF_HUB_OFFLINE"))
    #expect(fixture.fault([], ["HF_ENDPOINT": "huggingface.co"]).contains("HF_ENDPOINT"))
    #expect(fixture.fault([], ["HF_TOKEN": "a\r\nX: b"]).contains("token"))
    #expect(fixture.names.isEmpty)
  }

  @Test func `other contents are not overwritten, nor are two commits mixed`() throws {
    let fixture = try Fixture()
    try makeFolder(fixture.target)
    try writeFile("mine", to: fixture.target + "/vocab.txt")
    #expect(fixture.fault().contains("/vocab.txt: differs from the Hub's file"))
    #expect(fixture.names == ["vocab.txt"] && !isFolder("\(fixture.target)/\(partialsFolder)"))
    try FileManager.default.removeItem(atPath: fixture.target + "/vocab.txt")
    try writeFile(#"{"commit": "other"}"#, to: fixture.target + "/download.json")
    #expect(fixture.fault().contains("has files of commit other"))
  }

  @Test(.enabled(if: fileExists("/usr/bin/openssl"), "making a certificate needs openssl"))
  func `a server whose certificate only the environment's authority trusts`() throws {
    let folder = TemporaryFolder(), openssl = Process()
    let (certificate, key) = (folder.path + "/cert.pem", folder.path + "/key.pem")
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    openssl.arguments = [
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-keyout", key,
      "-out", certificate, "-addext", "subjectAltName=IP:127.0.0.1,IP:127.0.0.2",
    ]
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    let fixture = try Fixture(certificate: certificate, key: key)
    let refused = fixture.fault()
    #expect(refused.contains("set SSL_CERT_FILE"), "\(refused)")
    #expect(fixture.pauses.isEmpty)
    for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
      try fixture.run([], [variable: certificate])
      try fixture.checkComplete()
    }
  }

  @Test func `two downloads into one folder`() throws {
    let fixture = try Fixture()
    try makeFolder("\(fixture.target)/\(partialsFolder)")
    let lock = open("\(fixture.target)/\(partialsFolder)", O_RDONLY)
    flock(lock, LOCK_EX)
    #expect(fixture.fault().contains("another 'tune download' is writing there"))
    close(lock)
    try fixture.run()
    try fixture.checkComplete()
  }
}
