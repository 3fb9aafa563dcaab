/// Runs with LoRA, DoRA, PiSSA, OLoRA, LoRA+ and AdaLoRA.
import Files
import Foundation
import Testing

private let methods = [
  #"{"type":"lora","rank":4,"target_modules":"all-linear","use_dora":true,"dropout":0.1}"#,
  #"{"type":"lora","rank":4,"target_modules":"all-linear","init_lora_weights":"pissa","dropout":0.1}"#,
  #"{"type":"lora","rank":4,"target_modules":["query","dense"],"init_lora_weights":"olora","use_rslora":true}"#,
  #"{"type":"lora","rank":4,"loraplus_lr_ratio":4,"init_lora_weights":"orthogonal"}"#,
  #"{"type":"adalora","init_r":4,"target_r":2,"target_modules":"all-linear","tinit":2,"tfinal":4,"deltaT":2}"#,
]

private func hasResidualInit(_ method: String) -> Bool { method.contains("pissa") || method.contains("olora") }

@Test(arguments: methods)
func `the test metrics are those of eval with the saved adapter, in both precisions`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  for precision in ["fp32", "bf16"] {
    let arguments = ["recipe.json", "method=\(method)", "precision=\(precision)", "output=\(precision)"]
    let run = try program.run(["run"] + arguments)
    #expect(run.status == 0, "\(run.err)")
    let eval = try program.run(
      "eval", "base", "--adapter", precision + "/adapter", "test.tsv", "--precision", precision, "--json")
    #expect(eval.status == 0, "\(eval.err)")
    let score = try JSON(parsing: .init(eval.out.utf8), named: "e")
    let result = try program.json(precision + "/result.json")["metrics"]?["test"]
    // A residual-init adapter is saved as a plain LoRA of twice the rank, which changes the order of summation.
    let (found, expected) = (score["loss"]?.number ?? .nan, result?["loss"]?.number ?? .infinity)
    #expect(abs(found - expected) < (hasResidualInit(method) ? (precision == "bf16" ? 1e-2 : 1e-4) : 1e-12))
  }
}

@Test(arguments: methods)
func `an interrupted run resumes to the same bytes with any number of threads`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  let long = ["run", "recipe.json", "method=\(method)", "training.epochs=30"]
  try program.run(long + ["output=whole", "--threads", "1"])
  try program.interrupt(long + ["output=cut", "--threads", "2"])
  let resumed = try program.run(long + ["output=cut", "--resume"])
  #expect(resumed.status == 0, "\(resumed.err)")
  let files = try ["whole", "cut"].map { try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors") }
  #expect(files[0] == files[1])
}
