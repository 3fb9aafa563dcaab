/// Tests tune.json: what is written is read, format 1 is read, and damaged files are errors that name the key.
import Files
import Tasks
import TestSupport
import Testing

private let inferences: [any TaskInference] = [
  try! TokenClassification(labels: ["O", "B-Drug", "I-Drug"], splitWords: .whitespace),
  SequenceClassification(labels: ["no", "yes"], reading: TextReading(longText: .mean, pairs: true)),
  MaskedLM(labels: []),
]

@Test func `what is written is read again`() throws {
  try withTemporaryFolder { folder in
    for inference in inferences {
      var file = TuneJSON(task: inference)
      (file.maxLength, file.stride, file.precision) = (128, 32, "bf16")
      file.base = .init(name: "tiny", sha256: nil, parameters: 8)
      (file.data, file.recipe) = (["format": "conll", "label_column": 3], ["seed": 7])
      try file.write(to: folder)
      let read = try #require(try TuneJSON(folder: folder))
      #expect(try JSON(encoding: read) == JSON(encoding: file))
      #expect(try JSON(path: folder + "/tune.json")["format"] == 2)
      #expect(try JSON(encoding: read.task) == JSON(encoding: inference))
      #expect(TaskType(of: read.task) == TaskType(of: inference))
    }
  }
}

@Test func `a folder without the file has none`() throws {
  try withTemporaryFolder { folder in
    let file = try TuneJSON(folder: folder)
    #expect(file == nil)
  }
}

@Test func `format 1 is read`() throws {
  try withTemporaryFolder { folder in
    let text = """
      {"format": 1, "task": "token_classification", "labels": ["O", "B-X"], "max_length": 64, "stride": 16,
       "base": {"name": "b", "sha256": "00", "parameters": 5}}
      """
    try writeFile(text, to: folder + "/tune.json")
    let file = try #require(try TuneJSON(folder: folder))
    #expect(file.task.labels == ["O", "B-X"] && file.maxLength == 64 && file.stride == 16)
    #expect(file.base?.sha256 == "00" && file.precision == nil)
    try writeFile(#"{"task": "masked_lm"}"#, to: folder + "/tune.json")
    #expect(try TuneJSON(folder: folder)?.task is MaskedLM)
  }
}

@Test(arguments: [
  (#"{"format": 3}"#, "format 3; expected format 2 or 1"),
  (#"{"format": 2}"#, "no 'task'"),
  (#"{"format": 2, "task": {"type": "poetry", "labels": []}}"#, "'task.type' is \"poetry\""),
  (#"{"format": 2, "task": {"type": "token_classification"}}"#, "no 'task.labels'"),
  (#"{"format": 2, "task": {"type": "token_classification", "labels": [1]}}"#, "'task.labels"),
  (
    #"{"format": 2, "task": {"type": "masked_lm"}, "window": {"max_length": "long"}}"#,
    "'window.max_length' is \"long\""
  ),
  (#"{"format": 1, "labels": ["O"]}"#, "'task.type'"),
  (#"{"format": 2, "task": {"type": "token_classification", "labels": ["O", "O"]}}"#, "a label twice"),
  ("[]", "a list; expected an object"),
])
func `a damaged file is an error that names the key`(_ text: String, _ expected: String) throws {
  try withTemporaryFolder { folder in
    try writeFile(text, to: folder + "/tune.json")
    let error = #expect(throws: FileFault.self) { _ = try TuneJSON(folder: folder) }
    #expect(
      "\(String(describing: error))".contains(expected) || error?.description.contains(expected) == true, "\(error!)")
  }
}
