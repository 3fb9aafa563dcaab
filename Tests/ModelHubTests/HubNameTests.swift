/// Names on the Hub, and which files of a model are needed.
import ModelHub
import Testing

@Test(arguments: ["dmis-lab/biobert-v1.1", "bert-base-uncased", "a/b_c.d"])
func `a name on the Hub`(_ name: String) {
  #expect(HubName(name)?.description == name)
  #expect(HubName(name)?.downloadFolder == "models/\(name)")
}

@Test(arguments: [
  "", "/a", "a/", "a/b/c", "../a", "a/..", "a b/c", "a/b\n", "é/b", "-a/b", "a/b.", "a--b/c", "/etc/passwd",
])
func `not a name on the Hub`(_ name: String) { #expect(HubName(name) == nil) }

@Test func `the default files are config, tokenizer, card and the best weights`() {
  let small = ["README.md", "config.json", "tokenizer_config.json", "vocab.txt"]
  let others = ["flax_model.msgpack", "onnx/model.onnx", "onnx/config.json", "tf_model.h5", "training_args.bin"]
  let bin = "pytorch_model.bin", one = "model.safetensors"
  let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
  let index = "model.safetensors.index.json"
  #expect(Set(defaultFiles(among: small + others + [bin, one])) == Set(small + [one]))
  #expect(Set(defaultFiles(among: small + others + [bin])) == Set(small + [bin]))
  #expect(Set(defaultFiles(among: small + others + [bin, index] + shards)) == Set(small + [index] + shards))
  // An index without shards is a stale one.
  #expect(Set(defaultFiles(among: small + [bin, index])) == Set(small + [bin]))
  #expect(weightFiles(among: ["adapter_model.bin", "adapter_config.json"]) == ["adapter_model.bin"])
  #expect(weightFiles(among: small + others).isEmpty)
}

@Test func `patterns match as huggingface_hub's do`() {
  let paths = ["config.json", "onnx/config.json", "model.onnx"]
  #expect(files(among: paths, matching: ["*.json"]) == ["config.json", "onnx/config.json"])
  #expect(files(among: paths, matching: ["onnx/*", "model.onnx"]) == ["onnx/config.json", "model.onnx"])
}
