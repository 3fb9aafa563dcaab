/// `tune explain` through runs of every task that it can explain.
import Files
import Foundation
import TestSupport
import Testing

private func number(_ json: JSON?) -> Double { json?.number ?? .nan }

/// The explanations' sums are the outputs' differences from the baseline.
private func expectComplete(_ rows: [JSON]) {
  for explanation in rows.flatMap({ $0["explanations"]?.array ?? [] }) {
    let scores = (explanation["words"]?.array ?? []).map { number($0["score"]) }
    let difference = number(explanation["value"]) - number(explanation["baseline_value"])
    #expect(abs(scores.reduce(0, +) - difference) < 0.01 * max(abs(difference), 0.1))
    #expect(number(explanation["special_tokens"]) == 0)
  }
}

@Test func `entities are explained by their words, without text unless it is asked for`() throws {
  let program = try Program()
  defer { program.remove() }
  let train = ["run", "recipe.json", #"method={"type": "full"}"#, "training.epochs=40", "training.learning_rate=0.003"]
  #expect(try program.run(train).status == 0)
  let text = "b a d g c f"
  let found = try program.run("explain", "run", "-", input: text + "\n")
  #expect(found.status == 0, "\(found.err)")
  #expect(!found.out.contains("a d"), "no text is printed")
  let row = try jsonLines(found.out)[0], explanations = row["explanations"]?.array ?? []
  #expect(explanations.map { $0["target"]?["entity"] } == ["A", "B"])
  #expect(explanations.map { $0["target"]?["start"] } == [0, 8])
  let words = explanations.last?["words"]?.array ?? []
  #expect(words.map { $0["start"] } == [0, 2, 4, 6, 8, 10])
  #expect(words.max { number($0["score"]) < number($1["score"]) }?["start"] == 8, "the tag depends on the word itself")
  expectComplete([row])
  let shown = try program.run(
    "explain", "run", "-", "--show-text", "--html", "page.html", "--faithfulness", input: text + "\n")
  let withText = try jsonLines(shown.out)[0], last = withText["explanations"]?.array?.last
  #expect(withText["texts"] == [.string(text)], "\(shown.err)")
  #expect(last?["target"]?["word"] == "c" && last?["words"]?.array?[4]["word"] == "c")
  let faithfulness = last?["faithfulness"]
  #expect(number(faithfulness?["comprehensiveness"]) > number(faithfulness?["random_comprehensiveness"]))
  let page = try readText(program.folder + "/page.html")
  #expect(page.contains(">c</mark>") && !page.contains("http"))
}

@Test(arguments: ["integrated_gradients", "gradient_x_input", "attention_rollout", "leave_one_out"])
func `relations are explained by every method`(method: String) throws {
  try withRelations { program in
    let run = try program.run(["run", "relations.json"] + relationSpans)
    #expect(run.status == 0, "\(run.err)")
    let found = try program.run("explain", "run", "test.jsonl", "--method", method, "--show-text")
    #expect(found.status == 0, "\(found.err)")
    let rows = try jsonLines(found.out)
    #expect(rows.count == 30 && rows.allSatisfy { $0["method"]?["name"] == .string(method) })
    // The texts as the model reads them, with the entities' types in place of the entities.
    #expect(rows.allSatisfy { $0["texts"]?.array?.first?.string?.contains("@A$") == true })
    let predictions = try jsonLines(readText(program.folder + "/run/predictions/test.jsonl"))
    #expect(rows.map { $0["explanations"]?.array?[0]["target"]?["label"] } == predictions.map { $0["predicted"] })
    let scores = rows.map { ($0["explanations"]?.array?[0]["words"]?.array ?? []).map { number($0["score"]) } }
    #expect(scores.allSatisfy { $0.contains { $0 != 0 } && $0.allSatisfy(\.isFinite) })
    if method == "integrated_gradients" { expectComplete(rows) }
    if method == "attention_rollout" {
      for row in rows {
        let explanation = row["explanations"]?.array?[0]
        let words = (explanation?["words"]?.array ?? []).map { number($0["score"]) }
        #expect(abs(words.reduce(number(explanation?["special_tokens"]), +) - 1) < 1e-6)
        #expect(explanation?["value"] == nil)
      }
    }
    let other = try program.run(
      "explain", "run", "test.jsonl", "--method", method, "--label", "after", "--threads", "1")
    #expect(try jsonLines(other.out).allSatisfy { $0["explanations"]?.array?[0]["target"] == ["label": "after"] })
  }
}

@Test func `a label, a file or a method that cannot be is refused`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", "training.epochs=1", "method={\"type\":\"prompt\"}").status == 0)
  for (arguments, message) in [
    (["--label", "B-C"], "expected one of \"O\", \"B-A\""), (["--method", "lime"], "expected integrated_gradients"),
    (["--method", "attention_rollout"], "virtual tokens"), (["--html", "page.html"], "Add --show-text"),
    (["--steps", "0"], "expected 1 to 1000"), (["--html", "none/page.html", "--show-text"], "none: no such file"),
  ] {
    let found = try program.run(["explain", "run", "-"] + arguments, input: "a b c\n")
    #expect(found.status != 0 && found.err.contains(message), "\(found.err)")
  }
  let prompts = try program.run("explain", "run", "-", "--label", "B-A", input: "a b c\n")
  expectComplete(try jsonLines(prompts.out))
}

@Test
func `explanations come before the error of a line after them, and of long texts have the words of their windows`()
  throws
{
  let program = try Program()
  defer { program.remove() }
  let train = ["run", "recipe.json", #"method={"type": "full"}"#, "training.epochs=40", "training.learning_rate=0.003"]
  #expect(try program.run(train).status == 0)
  let twice = try program.run("explain", "base", "-", "--adapter", "a", "--adapter", "b", input: "a\n")
  #expect(twice.status == 64 && twice.err.contains("expected one, found 2"), "\(twice.err)")
  let broken = try program.run("explain", "run", "-", "--steps", "2", input: "b a d\n{\"text\": 3}\nb a\n")
  #expect(broken.status != 0 && broken.out.split(separator: "\n").count == 1, "\(broken.err)")
  let text = Array(repeating: "b a d g c f", count: 20).joined(separator: " ")
  let found = try program.run("explain", "run", "-", "--steps", "2", input: text + "\n")
  let explanations = try jsonLines(found.out)[0]["explanations"]?.array ?? []
  #expect(explanations.count > 20, "\(found.err)")
  for explanation in explanations {
    let starts = (explanation["words"]?.array ?? []).compactMap { $0["start"]?.int }
    #expect(starts.count < 60 && starts.contains(explanation["target"]?["start"]?.int ?? -1))
  }
}
