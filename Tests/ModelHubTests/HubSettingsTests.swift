/// The environment variables of huggingface_hub.
import Files
import ModelHub
import TestSupport
import Testing

@Test func `defaults`() throws {
  let settings = try HubSettings(["HOME": "/nonexistent"])
  #expect(settings.endpoint == "https://huggingface.co" && settings.token == nil && !settings.isOffline)
  #expect(settings.cache == "/nonexistent/.cache/huggingface/hub" && settings.certificates == nil)
  #expect(settings.connectSeconds == 10 && settings.silentSeconds == 10)
}

@Test func `the first variable that is set counts`() throws {
  let settings = try HubSettings([
    "HOME": "/h", "HF_ENDPOINT": "https://mirror.example//", "HF_TOKEN": " hf_a\n", "HUGGING_FACE_HUB_TOKEN": "hf_b",
    "HF_HOME": "~/hf", "HF_HUB_CACHE": "", "TRANSFORMERS_OFFLINE": "Yes", "HF_HUB_DOWNLOAD_TIMEOUT": "0",
    "HF_HUB_ETAG_TIMEOUT": "7", "CURL_CA_BUNDLE": "c", "REQUESTS_CA_BUNDLE": "r", "HTTP_PROXY": "http://p:1",
  ])
  #expect(settings.endpoint == "https://mirror.example" && settings.token == "hf_a" && settings.isOffline)
  #expect(settings.cache == "/h/hf/hub" && settings.certificates == "r" && settings.httpProxy == "http://p:1")
  #expect(settings.silentSeconds == 10 && settings.connectSeconds == 7)
  #expect(try HubSettings(["HF_HUB_CACHE": "/c", "HF_HOME": "/x"]).cache == "/c")
  #expect(try HubSettings(["XDG_CACHE_HOME": "/c"]).cache == "/c/huggingface/hub")
  #expect(try HubSettings(["HUGGING_FACE_HUB_TOKEN": "hf_b", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]).token == nil)
}

@Test func `the token may be in a file`() throws {
  try withTemporaryFolder { folder in
    try writeFile("hf_file\n", to: folder + "/token")
    #expect(try HubSettings(["HF_HOME": folder]).token == "hf_file")
    #expect(try HubSettings(["HF_TOKEN_PATH": folder + "/token", "HF_HOME": "/x"]).token == "hf_file")
    #expect(try HubSettings(["HF_HOME": folder, "HF_TOKEN": "hf_a"]).token == "hf_a")
  }
}
