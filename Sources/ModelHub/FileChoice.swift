/// Which files of a model on the Hub `tune` needs.
import Glibc

/// The files among `paths` that make a model or an adapter: config, tokenizer, weights, and the model card and licence.
/// The weights are the first of `model.safetensors`, its shards, `pytorch_model.bin` and its shards, as transformers
/// searches for them. Files in subfolders and other frameworks' weights are left out.
package func defaultFiles(among paths: [String]) -> [String] {
  paths.filter { neededFiles.contains($0) || documents.contains($0) } + weightFiles(among: paths)
}

/// The files without which the model is incomplete: `defaultFiles` without model card and licence.
func requiredFiles(among paths: [String]) -> [String] {
  paths.filter { neededFiles.contains($0) } + weightFiles(among: paths)
}

/// The files among `paths` that `patterns` select; `*` also matches slashes, as in huggingface_hub's `allow_patterns`.
package func files(among paths: [String], matching patterns: [String]) -> [String] {
  paths.filter { path in patterns.contains { matches(path, $0) } }
}

/// The weights of a model and of an adapter; empty: there are none that `tune` reads.
package func weightFiles(among paths: [String]) -> [String] {
  ["model", "adapter_model"].flatMap { name -> [String] in
    let bin = name == "model" ? "pytorch_model" : name
    for (stem, ending) in [(name, "safetensors"), (bin, "bin")] {
      if paths.contains("\(stem).\(ending)") { return ["\(stem).\(ending)"] }
      let index = "\(stem).\(ending).index.json", shards = paths.filter { matches($0, "\(stem)-*-of-*.\(ending)") }
      if paths.contains(index), !shards.isEmpty { return [index] + shards }
    }
    return []
  }
}

private let neededFiles: Set = [
  "config.json", "adapter_config.json", "tune.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
  "vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json",
]
private let documents: Set = ["README.md", "LICENSE", "LICENSE.txt", "LICENSE.md"]

private func matches(_ path: String, _ pattern: String) -> Bool { fnmatch(pattern, path, 0) == 0 }
