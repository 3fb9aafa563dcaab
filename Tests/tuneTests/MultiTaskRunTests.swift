/// Runs of several tasks: what they leave is used as any adapter or model is; resumes, sweeps, and faults.
import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

/// A tagger of letters, a classifier of texts, and a regression, which share an encoder.
private func withProgram(_ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  for (name, count, seed) in [("train", 40, 1), ("dev", 16, 2), ("test", 16, 3)] {
    let rows = (0..<count).map { row -> JSON in
      let isFirst = (row * 7 + seed) % 3 == 0
      let filler = (0..<row % 5 + 1).map { "adefg".map(String.init)[(row + $0 * seed) % 5] }.joined(separator: " ")
      return [
        "text": .string(filler + (isFirst ? " b a c" : " c a b")), "label": isFirst ? "b" : "c",
        "score": .double(isFirst ? 1.5 : -0.5),
      ]
    }
    try writeFile(rows.map { $0.text(pretty: false) + "\n" }.joined(), to: "\(program.folder)/\(name).jsonl")
  }
  let recipe = """
    {
      "seed": 3, "model": {"path": "base"},
      "multi_task": {
        "sampling_alpha": 0.5,
        "tasks": {
          "letters": {
            "task": {"type": "token_classification", "temperature": "dev"},
            "data": {"format": "conll", "train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"}
          },
          "order": {
            "task": {"type": "sequence_classification"},
            "data": {"format": "jsonl", "train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"},
            "batch_size": 4, "metric": "f1_macro"
          },
          "score": {
            "task": {"type": "regression"},
            "data": {
              "format": "jsonl", "train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl", "label_column": "score"
            }
          }
        }
      },
      "method": {"type": "lora", "rank": 4}, "training": {"epochs": 3, "batch_size": 8, "learning_rate": 0.01},
      "output": "run"
    }
    """
  try writeFile(recipe, to: program.folder + "/tasks.json")
  try body(program)
}

@Test func `each task's adapter is verified with its own scores`() throws {
  try withProgram { program in
    #expect(try program.run("run", "tasks.json", "training.epochs=1").status == 0)
    for (task, file) in files {
      let result = try program.run("adapter", "verify", "run/adapter/\(task)", "--base", "base")
      #expect(result.status == 0 && result.out.contains("score      ok       test, on \(file)"), "\(result.out)")
    }
    let run = try program.run("adapter", "verify", "run")
    #expect(run.status == 1 && run.err.contains("Give the folder of one"), "\(run.err)")
  }
}

private let files = [("letters", "test.tsv"), ("order", "test.jsonl"), ("score", "test.jsonl")]

private func evaluated(_ program: Program, _ model: [String], _ file: String) throws -> JSON? {
  let eval = try program.run(["eval"] + model + [file, "--json"])
  #expect(eval.status == 0, "\(eval.err)")
  return try? JSON(parsing: .init(eval.out.utf8), named: "eval")
}

@Test(arguments: ["lora", "full", "bitfit", "prompt", "adalora"])
func `each task of a run has an adapter or a model, and eval repeats its scores`(_ method: String) throws {
  try withProgram { program in
    let settings = method == "lora" ? [] : ["method={\"type\":\"\(method)\"}", "training.learning_rate=1e-3"]
    let run = try program.run(["run", "tasks.json"] + settings)
    #expect(run.status == 0 && run.out.contains("test, order: accuracy"), "\(run.err)")
    let result = try program.json("run/result.json"), test = result["metrics"]?["test"]
    var sum = 0.0
    for (task, file) in files {
      let folder = method == "full" ? "run/model/\(task)" : "run/adapter/\(task)"
      let model = method == "full" ? [folder] : ["base", "--adapter", folder]
      var expected = test?[task]?.object ?? [:]
      // Only of the run: what the temperature that it chose changes.
      expected["ece_uncalibrated"] = nil
      var found = try evaluated(program, model, file)?.object ?? [:]
      found["ece_uncalibrated"] = nil
      #expect(found == expected && !found.isEmpty, "\(task)")
      #expect(try program.json(folder + "/tune.json")["recipe"]?["multi_task"]?["sampling_alpha"] == 0.5)
      #expect(try readText(folder + "/README.md", in: program).contains("letters, order, score; this one: \(task)"))
      #expect(try readText("run/predictions/\(task)/test.jsonl", in: program).split(separator: "\n").count > 10)
      #expect(result["intervals"]?["test"]?[task]?.object?.isEmpty == false)
      sum += expected[["letters": "f1", "order": "f1_macro", "score": "pearson"][task] ?? ""]?.number ?? .nan
    }
    #expect(abs((test?["average"]?.number ?? 0) - sum / 3) < 1e-12)
    #expect(result["best"]?["metric"] == "average")
    let predict = try program.run("predict", "run", "test.jsonl")
    let kind = method == "full" ? "model" : "adapter"
    #expect(predict.status != 0 && predict.err.contains("run/\(kind)/letters, run/\(kind)/order, run/\(kind)/score"))
  }
}

private func readText(_ path: String, in program: Program) throws -> String {
  try Files.readText(program.folder + "/" + path)
}

@Test func `the adapters of a run have the same encoder, and PEFT's names`() throws {
  try withProgram { program in
    #expect(try program.run("run", "tasks.json").status == 0)
    let tensors = try files.map {
      try TensorFile(path: program.folder + "/run/adapter/\($0.0)/adapter_model.safetensors")
    }
    let shared = tensors[0].tensors.keys.filter { $0.contains("lora_") }
    #expect(shared.count == 8)
    for name in shared {
      let values = try tensors.map { try $0.floats(name) }
      #expect(values[0] == values[1] && values[0] == values[2], "\(name)")
    }
    let types = try files.map { try program.json("run/adapter/\($0.0)/adapter_config.json")["task_type"] }
    #expect(types == ["TOKEN_CLS", "SEQ_CLS", "SEQ_CLS"])
    let line = "{\"text\": \"a b a c\"}\n"
    let predict = try program.run("predict", "base", "--adapter", "order=run/adapter/order", "-", input: line)
    let labels = try JSON(parsing: .init(predict.out.utf8), named: "predict")["labels"]
    #expect(labels?["order"]?["label"]?.string != nil, "\(predict.err)")
  }
}

@Test func `a killed run of several tasks resumes to the same bytes`() throws {
  try withProgram { program in
    let snapshots = ["training.save_steps=1", "training.max_steps=40", "training.epochs=null"]
    #expect(try program.run(["run", "tasks.json", "output=whole"] + snapshots).status == 0)
    let process = try program.start(["run", "tasks.json"] + snapshots)
    while !FileManager.default.fileExists(atPath: program.folder + "/run/snapshots/step-00000005.safetensors"),
      process.isRunning
    {
      usleep(500)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let resumed = try program.run(["run", "tasks.json", "--resume"] + snapshots)
    #expect(resumed.status == 0, "\(resumed.err)")
    for (task, _) in files {
      let bytes = try ["whole", "run"].map {
        try readFile("\(program.folder)/\($0)/adapter/\(task)/adapter_model.safetensors")
      }
      #expect(bytes[0] == bytes[1], "\(task)")
    }
  }
}

@Test func `a sweep over alpha is ranked by the average, and validate counts the labels of each task`() throws {
  try withProgram { program in
    let validate = try program.run("validate", "tasks.json")
    #expect(validate.status == 0 && validate.out.contains("letters") && validate.out.contains("order  "))
    #expect(validate.err.contains("note: order: newly initialized"), "\(validate.err)")
    let sweep = try program.run(
      "run", "tasks.json", "sweep={\"multi_task.sampling_alpha\":[0,1]}", "training.epochs=1", "output=grid")
    #expect(sweep.status == 0 && sweep.out.contains("average"), "\(sweep.err)")
    let runs = try program.run("runs", "grid", "--sort", "average", "--json")
    #expect(runs.status == 0, "\(runs.err)")
    let estimate = try program.run("run", "tasks.json", "--dry-run")
    #expect(estimate.status == 0 && estimate.out.contains("memory"), "\(estimate.err)")
  }
}

@Test func `answers, a tagger with a CRF over an LSTM, and marked entities share an encoder`() throws {
  try withProgram { program in
    for (name, count) in [("train", 24), ("dev", 12), ("test", 12)] {
      let questions = (0..<count).map { row -> JSON in
        let start = row % 2 == 0 ? 6 : 2
        return [
          "context": .string(row % 2 == 0 ? "a d b cell of" : "b cell a d of"),
          "qas": [
            [
              "id": .string("\(row)"), "question": "b",
              "answers": [["text": "cell", "answer_start": .int(start)]],
            ]
          ],
        ]
      }
      let json: JSON = ["data": [["paragraphs": .array(questions)]]]
      try writeFile(json.text(), to: "\(program.folder)/\(name).json")
      let pairs = (0..<count).map { row -> JSON in
        ["text": "a b c d", "s": row % 2 == 0 ? [0, 1] : [4, 5], "o": [2, 3], "label": row % 2 == 0 ? "x" : "y"]
      }
      try writeFile(
        pairs.map { $0.text(pretty: false) + "\n" }.joined(), to: "\(program.folder)/pairs-\(name).jsonl")
    }
    let tasks = """
      {
        "answers": {
          "task": {"type": "extractive_qa", "max_answer_length": 2},
          "data": {"format": "squad", "train": "train.json", "dev": "dev.json", "test": "test.json"}
        },
        "letters": {
          "task": {"type": "token_classification", "decoder": "crf", "lstm_hidden_size": 4, "scalar_mix": true},
          "data": {"format": "conll", "train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"}
        },
        "pairs": {
          "task": {"type": "relation_extraction", "entity_marking": "markers"},
          "data": {
            "format": "jsonl", "train": "pairs-train.jsonl", "dev": "pairs-dev.jsonl", "test": "pairs-test.jsonl",
            "subject_column": "s", "object_column": "o", "subject_type": "A", "object_type": "B"
          }
        }
      }
      """
    for method in ["lora", "full"] {
      let run = try program.run(
        "run", "tasks.json", "multi_task.tasks=\(tasks)", "method={\"type\":\"\(method)\"}",
        "training.learning_rate=1e-3",
        "output=\(method)")
      #expect(run.status == 0, "\(method): \(run.err)")
      let valid = try program.run("validate", "\(method)/recipe.json")
      #expect(valid.status == 0, "as it is written, with lstm_layers: \(valid.err)")
      let test = try program.json("\(method)/result.json")["metrics"]?["test"]
      for (task, file) in [("answers", "test.json"), ("letters", "test.tsv"), ("pairs", "pairs-test.jsonl")] {
        let folder = method == "full" ? "full/model/\(task)" : "lora/adapter/\(task)"
        let found = try evaluated(program, method == "full" ? [folder] : ["base", "--adapter", folder], file)
        #expect(found == test?[task] && found != nil, "\(method) \(task)")
      }
    }
  }
}
