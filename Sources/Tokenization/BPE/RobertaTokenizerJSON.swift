/// The tokenizer.json that transformers' `RobertaTokenizer` amounts to, from the settings of tokenizer_config.json.
import Files

/// Has no vocabulary, merges or added tokens; the post-processor lacks the ids of `<s>` and `</s>`, which `ByteLevelBPE`
/// adds.
/// - Parameters:
///   - addPrefixSpace: overrides `add_prefix_space`.
///   - file: tokenizer_config.json, for error messages.
func robertaTokenizerJSON(
  _ settings: [String: JSON], addPrefixSpace: Bool? = nil, _ file: String
) throws(TokenizerFault) -> JSON {
  let trimOffsets = JSON.bool(try flag(settings, "trim_offsets", true, file))
  let inFile = try flag(settings, "add_prefix_space", false, file)
  let prefix = JSON.bool(addPrefixSpace ?? inFile)
  return [
    "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": [], "normalizer": nil,
    "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": true],
    "post_processor": ["type": "RobertaProcessing", "trim_offsets": trimOffsets, "add_prefix_space": prefix],
    "decoder": ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true],
    "model": [
      "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "",
      "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": [:],
    ],
  ]
}
