/// `tune download` and `tune bases`, and models that are given by their names on the Hub.
import Files
import Foundation
import TestSupport
import Testing

/// A Hub with the model "org/tiny", which is the fixture tiny-bert.
private func makeHub() throws -> TestHub {
  let hub = try TestHub()
  for name in ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"] {
    try hub.add("org/tiny", [name: [UInt8](readFile(fixture("tiny-bert/\(name)")))])
  }
  return hub
}

@Suite(.enabled(if: TestHub.isPermitted, "the test server needs python3")) struct DownloadCommandTests {
  @Test func `a run over a downloaded model, by its name on the Hub`() throws {
    let hub = try makeHub(), program = try Program()
    defer { program.remove() }
    let environment = ["HF_ENDPOINT": hub.address, "HF_HOME": program.folder]
    let download = try program.run(["download", "org/tiny"], environment: environment)
    #expect(download.status == 0 && download.out == "models/org/tiny\n", "\(download.err)")
    #expect(download.err.contains("4 files") && download.err.contains("model.safetensors: 87.5 kB"), "\(download.err)")
    #expect(try hub.requests().count == 8)
    let run = try program.run(["run", "recipe.json", "model.path=org/tiny"], environment: environment)
    #expect(run.status == 0, "\(run.err)")
    #expect(try program.json("run/recipe.json")["model"]?["path"] == "models/org/tiny")
    #expect(try program.json("run/adapter/adapter_config.json")["base_model_name_or_path"] == "org/tiny")
    let text = program.folder + "/dev.tsv"
    let eval = ["eval", "org/tiny", "--adapter", "run/adapter", text, "--json"]
    #expect(
      try program.run(eval, environment: environment).out == program.run(["eval", "base"] + eval.dropFirst(2)).out)
    // Only the download asked the Hub for anything.
    #expect(try hub.requests().isEmpty)
  }

  @Test func `a name that is nowhere says how to download it`() throws {
    let program = try Program()
    defer { program.remove() }
    let environment = ["HF_HOME": program.folder]
    for arguments in [
      ["validate", "recipe.json", "model.path=org/none"], ["tokenize", "org/none", "dev.tsv"], ["inspect", "org/none"],
      ["predict", "org/none", "dev.tsv"], ["eval", "org/none", "dev.tsv"],
    ] {
      let result = try program.run(arguments, environment: environment)
      #expect(result.status == 1 && result.err.contains("'tune download org/none'"), "\(arguments): \(result.err)")
    }
  }

  @Test(.enabled(if: TinyDisk.isPermitted, "mounting needs root"))
  func `a full disk is an error before the download, and the download can continue elsewhere`() throws {
    let hub = try makeHub(), program = try Program()
    defer { program.remove() }
    let disk = try #require(TinyDisk(kilobytes: 64))
    let environment = ["HF_ENDPOINT": hub.address, "HF_HOME": program.folder]
    let full = try program.run(["download", "org/tiny", "--to", disk.folder.path + "/m"], environment: environment)
    #expect(full.status == 1 && full.err.contains("the files need"), "\(full.err)")
    #expect(!fileExists(disk.folder.path + "/m/model.safetensors"))
  }

  @Test func `HTTP_PROXY and NO_PROXY are respected`() throws {
    let hub = try makeHub(), proxy = try TestHub(), program = try Program()
    defer { program.remove() }
    var environment = ["HF_ENDPOINT": hub.address, "HF_HOME": program.folder, "HTTP_PROXY": proxy.address]
    environment.merge(["http_proxy": "", "no_proxy": "", "NO_PROXY": ""]) { $1 }
    let proxied = try program.run(["download", "org/tiny"], environment: environment)
    #expect(proxied.status == 1 && proxied.err.contains("status 401"), "\(proxied.err)")
    #expect(try proxy.requests().count == 1 && hub.requests().isEmpty)
    environment["NO_PROXY"] = "127.0.0.1,127.0.0.2"
    #expect(try program.run(["download", "org/tiny"], environment: environment).status == 0)
    #expect(try proxy.requests().isEmpty)
  }

  @Test func `bases as a table, one by one, and as JSON`() throws {
    let program = try Program()
    defer { program.remove() }
    #expect(try program.run("bases").out.contains("dmis-lab/biobert-v1.1"))
    let one = try program.run("bases", "bio_clinicalbert")
    #expect(one.out.hasPrefix("name: emilyalsentzer/Bio_ClinicalBERT\nfamily: BERT\n"), "\(one.out)")
    let json = try JSON(parsing: Data(program.run("bases", "--json").out.utf8), named: "bases")
    #expect(json.array?.first?["opens"] == true)
    #expect(try program.run("bases", "gpt-2").err.contains("expected one of"))
  }
}
