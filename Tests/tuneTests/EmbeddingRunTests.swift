/// Runs of text embedding: from tables to scores, vectors, the folder of sentence-transformers, a merged model and a student.
import Files
import Foundation
import TestSupport
import Testing

/// Texts about one of five words; texts about the same word are similar.
private func addTexts(to program: Program) throws {
  let words = ["aspirin", "liver", "gene", "cell", "dose"]
  func text(_ topic: Int, _ index: Int) -> String {
    let filler = (0..<1 + index % 4).map { ["a", "b", "c", "d"][(index + $0) % 4] }.joined(separator: " ")
    return "\(filler) \(words[topic % 5]) of the \(words[topic % 5])"
  }
  let train = (0..<60).map { "\(text($0, $0))\t\(text($0, $0 + 1))\t\(text($0 + 1, $0 + 2))\t\($0 % 4)" }
  try writeFile("a\tb\tc\tscore\n" + train.joined(separator: "\n") + "\n", to: program.folder + "/pairs.tsv")
  for name in ["scored-dev", "scored-test"] {
    let shift = name == "scored-dev" ? 0 : 3
    let rows = (0..<20).map { index in
      "\(text(index, index + shift))\t\(text(index + (index % 2), index + 1 + shift))\t\(index % 2 == 0 ? 4 : 0)"
    }
    try writeFile("a\tb\tscore\n" + rows.joined(separator: "\n") + "\n", to: "\(program.folder)/\(name).tsv")
  }
  let recipe = """
    {
      "seed": 3, "model": {"path": "base"}, "task": {"type": "embedding"},
      "data": {
        "format": "tsv", "train": "pairs.tsv", "dev": "scored-dev.tsv", "test": "scored-test.tsv",
        "text_column": "a", "text_pair_column": "b", "negative_columns": ["c"], "label_column": "score"
      },
      "method": {"type": "lora", "rank": 4, "target_modules": "all-linear"},
      "training": {"epochs": 6, "batch_size": 10, "learning_rate": 0.01}, "output": "run"
    }
    """
  try writeFile(recipe, to: program.folder + "/embed.json")
}

private func withProgram(_ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  try addTexts(to: program)
  try body(program)
}

/// The vectors of the lines of output.
private func vectors(_ output: String) throws -> [[Double]] {
  try jsonLines(output).map { row in
    (row["embedding"]?.object?.values.first?.array ?? []).compactMap(\.number)
  }
}

private func gap(_ a: [[Double]], _ b: [[Double]]) -> Double {
  a.count == b.count && !a.isEmpty ? zip(a.joined(), b.joined()).map { abs($0 - $1) }.max() ?? .infinity : .infinity
}

@Test func `embeddings are learned, eval repeats the scores, and predict prints vectors and similarities`() throws {
  try withProgram { program in
    let run = try program.run("run", "embed.json")
    #expect(run.status == 0, "\(run.err)")
    #expect(run.err.contains("a text's vector is the mean of its tokens' hidden states"))
    let result = try program.json("run/result.json"), metrics = result["metrics"]?["test"]
    #expect((metrics?["spearman"]?.number ?? 0) > 0.6 && metrics?["support"] == 20, "\(run.out)\(run.err)")
    #expect(
      result["intervals"]?["test"]?["pearson"] != nil || result["metrics"]?["test"]?["intervals"] != nil,
      "\(result.text())")
    let eval = try program.run("eval", "base", "--adapter", "run/adapter", "scored-test.tsv", "--json")
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
    let settings = try program.json("run/adapter/tune.json")["task"]
    #expect(settings == ["type": "embedding", "pooling": "mean", "normalize": false])
    let input = #"{"text": "a cell", "text_pair": "the cell"}"# + "\n" + #"{"text": "b"}"# + "\nan aspirin\n"
    let rows = try jsonLines(program.run("predict", "base", "--adapter", "A=run/adapter", "-", input: input).out)
    #expect(rows.map { $0["embedding"]?["A"]?.array?.count } == [2, 32, 32])
    #expect((rows[0]["similarity"]?["A"]?.number ?? 2) <= 1 && rows[1]["similarity"] == nil)
    let saved = try jsonLines(readText(program.folder + "/run/predictions/test.jsonl"))
    #expect(saved.count == 20 && saved.allSatisfy { $0["gold"]?.number != nil && $0["predicted"]?.number != nil })
    #expect(try readText(program.folder + "/run/adapter/README.md").contains("pipeline_tag: sentence-similarity"))
  }
}

@Test
func `a merged model is a folder of sentence-transformers with the same vectors, and a base whose pooling is used`()
  throws
{
  try withProgram { program in
    let run = try program.run([
      "run", "embed.json", "task.pooling=cls", "task.normalize=true", "training.epochs=1", "data.max_length=16",
    ])
    #expect(run.status == 0, "\(run.err)")
    #expect(try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged").status == 0)
    let modules = try program.json("merged/modules.json").array?.map { $0["type"] }
    #expect(modules?.count == 3 && modules?[2] == "sentence_transformers.models.Normalize")
    #expect(try program.json("merged/config.json")["architectures"] == ["BertModel"])
    #expect(try program.json("merged/sentence_bert_config.json")["max_seq_length"] == 16)
    let input = "a gene\n" + String(repeating: "liver ", count: 40) + "\n"
    let adapted = try vectors(program.run("predict", "run", "-", input: input).out)
    #expect(gap(adapted, try vectors(program.run("predict", "merged", "-", input: input).out)) < 1e-5)
    // As another program would leave it.
    try FileManager.default.removeItem(atPath: program.folder + "/merged/tune.json")
    #expect(gap(adapted, try vectors(program.run("predict", "merged", "-", input: input).out)) < 1e-5)
    let next = try program.run([
      "run", "embed.json", "model.path=merged", "method.type=full", "method.rank=null", "method.target_modules=null",
      "task.loss=simcse", "data.negative_columns=[]", "training.epochs=1", "output=next",
    ])
    #expect(
      next.status == 0 && next.err.contains("first token, normalized, as merged/modules.json says"), "\(next.err)")
    #expect(try program.json("next/model/tune.json")["task"]?["pooling"] == "cls")
    #expect(try program.json("next/model/tune.json")["window"]?["max_length"] == 16)
    #expect(try program.json("next/model/modules.json").array?.count == 3)
  }
}

@Test(arguments: ["simcse", "cosent", "cosine_similarity"])
func `other losses, cached batches and resuming end with finite scores`(_ loss: String) throws {
  try withProgram { program in
    var arguments = [
      "run", "embed.json", "task.loss=\(loss)", "data.negative_columns=[]", "training.epochs=1",
      "task.mini_batch_size=6",
    ]
    if loss == "cosine_similarity" { arguments.append("training.gradient_accumulation_steps=2") }
    let outputs = try [1, 2].map { threads in
      let run = try program.run(arguments + ["output=run\(threads)", "--threads", "\(threads)"])
      #expect(run.status == 0, "\(run.err)")
      return try Data(
        contentsOf: URL(fileURLWithPath: "\(program.folder)/run\(threads)/adapter/adapter_model.safetensors"))
    }
    #expect(outputs[0] == outputs[1])
    #expect(try program.json("run1/result.json")["metrics"]?["test"]?["loss"]?.number?.isFinite == true)
  }
}

@Test(arguments: ["prompt", "prefix", "houlsby", "ia3", "bitfit", "vera", "adalora", "layer_norm"])
func `every method is trained and answers as its run did`(_ method: String) throws {
  try withProgram { program in
    let run = try program.run([
      "run", "embed.json", "method={\"type\": \"\(method)\"}", "training.epochs=1", "data.max_length=20",
    ])
    #expect(run.status == 0, "\(run.err)")
    let eval = try program.run("eval", "base", "--adapter", "run/adapter", "scored-test.tsv", "--json")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
  }
}

@Test func `a teacher's vectors are learned, and hidden states below frozen layers are cached`() throws {
  try withProgram { program in
    #expect(try program.run("run", "embed.json").status == 0)
    let student = try program.run([
      "run", "embed.json", "distillation={\"teachers\": \"run\", \"task_weight\": 0, \"kl_weight\": 1}",
      "output=student",
      "training.epochs=20", "task.loss=simcse", "data.negative_columns=[]",
    ])
    #expect(student.status == 0, "\(student.err)")
    let losses = try jsonLines(readText(program.folder + "/student/metrics.jsonl")).compactMap { $0["loss"]?.number }
    #expect((losses.last ?? 1) < 0.2 * (losses.first ?? 0), "\(losses)")
    let cached = try program.run([
      "run", "embed.json", "distillation={\"teachers\": \"run\"}", "task.mini_batch_size=4", "output=cached",
    ])
    #expect(cached.status != 0 && cached.err.contains("task.mini_batch_size"), "\(cached.err)")
    let states = try program.run([
      "run", "embed.json", "method={\"type\": \"lora\", \"target_modules\": [\"query\"], \"layers_to_transform\": [1]}",
      "training.cache_hidden_states=on", "output=states", "training.epochs=2",
    ])
    #expect(states.status == 0 && states.err.contains("hidden states of the first 1 of 2 layers"), "\(states.err)")
    let head = try program.run(["run", "embed.json", "method={\"type\": \"head\"}", "output=head"])
    #expect(head.status != 0 && head.err.contains("head"), "\(head.err)")
  }
}

@Test(arguments: [
  (["training.gradient_accumulation_steps=2"], "gradient_accumulation_steps"),
  (["data.text_pair_column=null"], "data.text_pair_column"),
  (["task.loss=simcse", "data.text_pair_column=null", "data.negative_columns=[]"], "dev and test are pairs"),
  (["task.loss=cosent"], "negative_columns"),
  (["task.loss=cosine_similarity", "data.negative_columns=[]", "task.scale=10"], "task.scale"),
  (["data.negative_columns=[\"b\"]"], "negative_columns"),
  (["data.negative_columns=[\"z\"]"], "'z'"),
  (["data.stride=4"], "stride"),
  (["task.scale=0"], "task.scale"),
]) func `recipes that mean nothing are refused`(_ changes: [String], _ named: String) throws {
  try withProgram { program in
    let run = try program.run(["run", "embed.json"] + changes)
    #expect(run.status != 0 && run.err.contains(named), "\(run.err)")
    #expect(!fileExists(program.folder + "/run"))
  }
}

@Test func `eval of an embedding model without a column for the second text says so`() throws {
  try withProgram { program in
    #expect(try program.run(["run", "embed.json", "training.epochs=1"]).status == 0)
    let eval = try program.run(["eval", "run", "scored-test.tsv", "--data", "text_pair_column=null"])
    #expect(eval.status != 0 && eval.err.contains("data.text_pair_column is not set"), "\(eval.err)")
  }
}
