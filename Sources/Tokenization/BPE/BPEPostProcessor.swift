/// The post-processor of a byte-level BPE tokenizer: the special tokens around a text or a pair of texts, and offsets
/// without the spaces at their ends.
import Files

struct BPEPostProcessor: Sendable {
  let template: Template
  /// The steps that remove spaces from offsets, each with its `add_prefix_space`.
  private(set) var trims = [Bool]()

  /// Reads the `post_processor` of tokenizer.json.
  init(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
    let parts = flattened(tree, "processors")
    var templates = [Template](), trims = [Bool]()
    for part in parts {
      guard let members = part.object else {
        throw .wrongType(file: file, key: "post_processor", found: part.typeName, expected: "an object")
      }
      let type = members["type"]?.string
      if type == "ByteLevel" || type == "RobertaProcessing" {
        let addPrefixSpace = try requiredFlag(members, "add_prefix_space", "post_processor", file)
        if try requiredFlag(members, "trim_offsets", "post_processor", file) { trims.append(addPrefixSpace) }
      }
      switch type {
      case "ByteLevel": continue
      case "RobertaProcessing":
        var template = try Template(bert: part, seps: 2, file: file)
        template.secondTypeID = 0
        templates.append(template)
      case "BertProcessing", "TemplateProcessing": templates.append(try Template(part, file: file))
      default: throw unsupported(described(part), file)
      }
    }
    guard templates.count == 1 else {
      throw unsupported(templates.isEmpty ? names(parts) : "a sequence with two templates", file)
    }
    (template, self.trims) = (templates[0], trims)
  }
}

private func unsupported(_ found: String, _ file: String) -> TokenizerFault {
  .unsupported(
    file: file, part: "the post_processor", found: found,
    expected: "RobertaProcessing, TemplateProcessing or BertProcessing, alone or with ByteLevel")
}
