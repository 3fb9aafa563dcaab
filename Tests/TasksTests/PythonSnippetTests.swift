/// The Python code of model cards. benchmarks/check_card.py runs it.
import Encoders
import Testing

@testable import Tasks

private func snippet(
  _ task: any TaskInference, _ family: Family = .bert, virtualTokens: Int = 0, isPrefix: Bool = false,
  addPrefixSpace: Bool? = nil
) -> String {
  PythonSnippet(
    base: "org/base", family: family, task: task, maxLength: 128, virtualTokens: virtualTokens, isPrefix: isPrefix,
    addPrefixSpace: addPrefixSpace
  ).text
}

private func tagger() throws -> TokenClassification {
  try TokenClassification(labels: ["O", "B-Größe \"x\"", "I-Größe \"x\""])
}

@Test func `the code for a tagger loads base, labels, adapter and tokenizer`() throws {
  #expect(
    try snippet(tagger()) == #"""
      import torch
      from peft import PeftModel
      from transformers import AutoTokenizer, AutoModelForTokenClassification

      BASE = "org/base"  # put its folder here, or its name on the Hub
      ADAPTER = "."  # this folder
      TEXT = "The patient developed nausea after aspirin."

      labels = ["O","B-Größe \"x\"","I-Größe \"x\""]
      base = AutoModelForTokenClassification.from_pretrained(
          BASE, id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
          ignore_mismatched_sizes=True, dtype=torch.float32)
      model = PeftModel.from_pretrained(base, ADAPTER).eval()
      tokenizer = AutoTokenizer.from_pretrained(BASE)

      inputs = tokenizer(TEXT, return_tensors="pt", truncation=True, max_length=128)
      with torch.no_grad():
          logits = model(**inputs).logits[0]
      # The label of a word is that of its first token.
      for token, row in zip(inputs.tokens(), logits):
          print(token, model.config.id2label[int(row.argmax())])
      """#)
}

@Test func `the code follows the task, the family and the method`() throws {
  let pairs = snippet(
    SequenceClassification(labels: ["no", "yes"], reading: TextReading(longText: .truncate, pairs: true)), .distilbert)
  #expect(pairs.contains("tokenizer(TEXT, TEXT_PAIR,") && pairs.contains("\nTEXT_PAIR = "))
  #expect(pairs.contains("return_token_type_ids=False"))
  #expect(pairs.contains("for label, probability in zip(labels, logits.softmax(-1)):"))
  let prompt = try snippet(tagger(), virtualTokens: 5)
  #expect(prompt.contains("logits = model(**inputs).logits[0][5:]") && !prompt.contains("base.forward"))
  let prefix = try snippet(tagger(), virtualTokens: 5, isPrefix: true)
  #expect(prefix.contains("logits = model(**inputs).logits[0]\n") && prefix.contains("base.forward = lambda"))
  let sequencePrompt = snippet(SequenceClassification(labels: ["no", "yes"]), virtualTokens: 5)
  #expect(sequencePrompt.contains("logits = model(**inputs).logits[0]\n"))
  let words = try snippet(tagger(), .modernbert, addPrefixSpace: true)
  #expect(
    words.contains(
      "\n\nwords = [word for word, _ in BertPreTokenizer().pre_tokenize_str(TEXT)]\ninputs = tokenizer(words, is"))
  #expect(words.contains("\ntokenizer.backend_tokenizer.pre_tokenizer.add_prefix_space = True\n"))
  #expect(try !snippet(tagger(), .roberta, addPrefixSpace: false).contains("add_prefix_space"))
  let masked = snippet(MaskedLM(labels: []))
  #expect(masked.contains("AutoModelForMaskedLM.from_pretrained(BASE, dtype=torch.float32)"))
  #expect(masked.contains("tokenizer.mask_token") && !masked.contains("labels"))
}

@Test func `with new tokens the tokenizer is the adapter's and the base is resized, and the text has marked entities`()
{
  let relations = RelationExtraction(
    labels: ["no", "yes"], reading: TextReading(pairs: false), negativeLabel: "no", marking: .markers)
  let text = PythonSnippet(
    base: "org/base", family: .bert, task: relations, maxLength: 128, virtualTokens: 0, isPrefix: false,
    hasNewTokens: true
  ).text
  #expect(
    text.contains(
      """
      tokenizer = AutoTokenizer.from_pretrained(ADAPTER)  # it has the new tokens
      base.resize_token_embeddings(max(len(tokenizer), base.config.vocab_size), mean_resizing=False)
      model = PeftModel.from_pretrained(base, ADAPTER).eval()
      """))
  #expect(!text.contains("AutoTokenizer.from_pretrained(BASE)"))
  #expect(text.contains(#"TEXT = "<S:CHEMICAL> Gefitinib </S:CHEMICAL> inhibits <O:GENE> EGFR </O:GENE>.""#))
}
