/// Names that transformers, PEFT and other tools have for keys and values of a recipe. They are not aliases: a recipe that
/// has one is refused, and the fault gives the name here.
import Files

/// A key of another tool, and the setting of a recipe: a key path, with `=` and a value where that is the same.
let keyHints = [
  "lr": "training.learning_rate", "num_train_epochs": "training.epochs", "num_epochs": "training.epochs",
  "n_epochs": "training.epochs", "per_device_train_batch_size": "training.batch_size",
  "train_batch_size": "training.batch_size", "bs": "training.batch_size",
  "lr_scheduler_type": "training.schedule", "lr_scheduler": "training.schedule", "scheduler": "training.schedule",
  "optim": "training.optimizer", "beta1": "training.adam_beta1", "beta2": "training.adam_beta2",
  "eps": "training.adam_epsilon", "momentum": "training.sgd_momentum", "max_norm": "training.max_grad_norm",
  "clip_grad_norm": "training.max_grad_norm", "patience": "training.early_stopping_patience",
  "grad_accumulation": "training.gradient_accumulation_steps", "group_by_length": "training.train_sampling_strategy",
  "ema": "training.ema_decay",
  "fp16": "precision=bf16", "bf16": "precision=bf16", "dtype": "precision", "torch_dtype": "precision",
  "mixed_precision": "precision", "fp32": "precision=fp32", "random_seed": "seed", "manual_seed": "seed",
  "r": "method.rank", "lora_r": "method.rank", "lora_rank": "method.rank", "lora_alpha": "method.alpha",
  "lora_dropout": "method.dropout", "lora_bias": "method.bias", "peft_type": "method.type", "peft": "method.type",
  "dora": "method.use_dora=true", "rslora": "method.use_rslora=true", "lora_plus": "method.loraplus_lr_ratio",
  "model_name_or_path": "model.path", "model_name": "model.path", "base_model": "model.path",
  "base_model_name_or_path": "model.path", "tokenizer_name": "model.tokenizer", "do_lower_case": "model.lowercase",
  "hidden_dropout_prob": "model.dropout", "attention_probs_dropout_prob": "model.attention_dropout",
  "model_type": "model.family", "task_type": "task.type", "task_name": "task.type", "num_labels": "task.labels",
  "label_list": "task.labels", "label_smoothing_factor": "task.label_smoothing",
  "train_file": "data.train", "train_data": "data.train", "validation_file": "data.dev", "valid": "data.dev",
  "validation": "data.dev", "devel": "data.dev", "eval_file": "data.dev", "test_file": "data.test",
  "max_seq_length": "data.max_length", "max_seq_len": "data.max_length", "seq_length": "data.max_length",
  "block_size": "data.max_length", "doc_stride": "data.stride", "text_column_name": "data.text_column",
  "label_column_name": "data.label_column", "max_train_samples": "data.max_train_examples",
  "max_eval_samples": "data.max_dev_examples", "output_dir": "output", "save_dir": "output",
  "teacher": "distillation.teachers", "teacher_precision": "distillation.precision", "n_best": "task.n_best_size",
]

/// A value of another tool, and the names that stand for it here, in the order in which they are looked for.
let valueHints = [
  "fp16": ["bf16"], "float16": ["fp16", "bf16"], "half": ["fp16", "bf16"], "16": ["bf16"], "bfloat16": ["bf16"],
  "float32": ["fp32"], "float": ["fp32"], "32": ["fp32"], "fp64": ["fp32"],
  "ner": ["token_classification", "conll"], "tagging": ["token_classification"], "tokens": ["token_classification"],
  "token-classification": ["token_classification"], "classification": ["sequence_classification"],
  "text-classification": ["sequence_classification"], "text_classification": ["sequence_classification"],
  "qa": ["extractive_qa"], "question-answering": ["extractive_qa"], "question_answering": ["extractive_qa"],
  "sts": ["embedding", "regression"], "sentence-similarity": ["embedding"], "sentence_embedding": ["embedding"],
  "mnrl": ["multiple_negatives_ranking"], "infonce": ["multiple_negatives_ranking"],
  "cosine": ["cosine_similarity"],
  "mlm": ["masked_lm"], "fill-mask": ["masked_lm"], "pretraining": ["masked_lm"],
  "qlora": ["lora"], "dora": ["lora"], "pissa": ["lora"], "olora": ["lora"], "rslora": ["lora"], "lora+": ["lora"],
  "full_finetuning": ["full"], "finetune": ["full"], "fine_tuning": ["full"], "fine-tuning": ["full"],
  "prompt_tuning": ["prompt"], "p_tuning": ["prompt"], "prefix_tuning": ["prefix"], "ln_tuning": ["layer_norm"],
  "layernorm": ["layer_norm"], "linear_probe": ["head"], "linear_probing": ["head"], "probe": ["head"],
  "bottleneck": ["houlsby"], "adapterh": ["houlsby"], "adapterp": ["pfeiffer"], "adapter": ["pfeiffer"],
  "json": ["jsonl", "squad"], "squad_v2": ["squad"], "ndjson": ["jsonl"], "txt": ["text"], "plain": ["text"],
  "bio": ["iob2", "conll"], "iob": ["iob2", "conll"], "conll2003": ["conll"], "conll03": ["conll"],
  "bioes": ["iobes"], "bmes": ["iobes"], "biluo": ["bilou"],
  "adam": ["adamw"], "adamw_torch": ["adamw"], "adamw_hf": ["adamw"], "adamw_torch_fused": ["adamw"],
  "cosine_with_restarts": ["cosine"], "cosine_with_min_lr": ["cosine"], "constant_with_warmup": ["constant"],
  "onecycle": ["one_cycle"], "eval_loss": ["loss"], "eval_f1": ["f1"], "macro_f1": ["f1_macro"],
  "micro_f1": ["f1_micro"],
  "macro-f1": ["f1_macro"], "matthews_correlation": ["mcc"], "em": ["exact_match"], "exact": ["exact_match"],
  "acc": ["accuracy"], "ppl": ["perplexity"],
  "relu6": ["relu"], "silu": ["swish"],
]

extension Recipe {
  /// The settings that a word stands for: the keys of that name in all sections, or what another tool's word means here.
  /// - Returns: key paths, with `=` and a value where the word means that.
  package static func settings(named word: String) -> [String] {
    let same = paths(named: word, among: Set(keys.map(\.path)))
    return same.isEmpty ? keyHints[word.lowercased()].map { [$0] } ?? [] : same
  }
}

/// The key paths whose last key is `key`, sorted.
func paths(named key: String, among paths: Set<String>) -> [String] {
  paths.filter { $0 == key || $0.hasSuffix(".\(key)") }.sorted()
}

/// The name among `names` that `word` most likely stands for: in another tool's words, or by spelling.
func likelyName(for word: String, among names: [String]) -> String? {
  guard word.utf8.count <= 64 else { return nil }
  return valueHints[word.lowercased()]?.first(where: names.contains) ?? nearest(to: word, among: names)
}
