import Files
import Testing

/// Origins, redirects and hashes.
@testable import Downloads

@Test func `origins are equal where scheme, host and port are`() throws {
  let hub = try #require(Origin("https://huggingface.co"))
  #expect(Origin("HTTPS://HuggingFace.co:443/x?y") == hub)
  for other in [
    "http://huggingface.co", "https://huggingface.co:8443", "https://cdn.huggingface.co", "https://huggingface.com",
  ] {
    #expect(Origin(other) != nil && Origin(other) != hub, "\(other)")
  }
  #expect(Origin("http://[::1]:80/")?.host == "[::1]")
}

@Test(arguments: [
  "", "huggingface.co", "ftp://huggingface.co", "https://", "https://user@host/", "https://host\\@evil/",
  "https://ho st/",
  "https://host:0/", "https://host:99999/", "https://host:80x/", "https://hôst/", "https://host\n/", "https://[::1/",
])
func `addresses that two readers could read differently are refused`(_ url: String) { #expect(Origin(url) == nil) }

@Test func `redirects`() {
  let url = "https://hub.example:8443/a/b?c"
  #expect(redirected(url, to: "/d/e?f") == "https://hub.example:8443/d/e?f")
  #expect(redirected(url, to: "https://cdn.example/x?Signature=a%2Bb~") == "https://cdn.example/x?Signature=a%2Bb~")
  for refused in ["//evil.example/x", "http://hub.example:8443/a", "file:///etc/passwd", "", "d", "https://a@b/"] {
    #expect(redirected(url, to: refused) == nil, "\(refused)")
  }
  #expect(redirected("http://a/b", to: "https://a/b") == "https://a/b")
}

@Test func `entries of the Hub's list`() throws {
  let digits = String(repeating: "a", count: 40), long = String(repeating: "b", count: 64)
  let small: JSON = ["path": "a b/ü.json", "size": 3, "oid": .string(digits)]
  let file = try HubFile(small, from: "url")
  #expect(file.encodedPath == "a%20b/%C3%BC.json" && file.hash == .gitBlob(digits) && file.size == 3)
  let lfs: JSON = ["path": "w", "size": 3, "oid": .string(digits), "lfs": ["oid": .string(long), "size": 9]]
  #expect(try HubFile(lfs, from: "url").hash == .sha256(long) && HubFile(lfs, from: "url").size == 9)
  for path in ["../x", "/etc/passwd", "a/../../b", "a//b", "", ".", "a\\b", "a\nb", ".tune-download/x"] {
    let entry: JSON = ["path": .string(path), "size": 3, "oid": .string(digits)]
    #expect(throws: DownloadFault.self, "\(path)") { try HubFile(entry, from: "url") }
  }
  for entry: JSON in [
    ["path": "a", "size": 3], ["path": "a", "size": -1, "oid": .string(digits)],
    ["path": "a", "size": 3, "oid": "../b"],
    ["path": "a", "size": 3, "oid": .string(digits), "lfs": ["oid": "x"]], ["size": 3, "oid": .string(digits)],
  ] {
    #expect(throws: DownloadFault.self) { try HubFile(entry, from: "url") }
  }
}

@Test func `hashes are those of git and sha256sum`() throws {
  // printf 'hello\n' | git hash-object --stdin; printf 'hello\n' | sha256sum
  let git = ContentHash.gitBlob("ce013625030ba8dba906f756967f9e9ca394464a")
  let sha = ContentHash.sha256("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
  for hash in [git, sha] {
    var hasher = ContentHasher(like: hash, size: 6)
    Array("hel".utf8).withUnsafeBytes { hasher.add($0) }
    Array("lo\n".utf8).withUnsafeBytes { hasher.add($0) }
    #expect(hasher.digits == hash.digits)
  }
}
