/// Keys that were renamed since earlier versions of tune. The old keys are not aliases: a recipe that has one is
/// refused, and the fault gives the new key.

/// Old key path to new key path.
let renamedKeys = [
  "save_as": "save_dtype",
  "task.masks": "task.masking",
  "task.mask_probability": "task.mlm_probability",
  "task.masked_share": "task.mask_replace_prob",
  "task.random_share": "task.random_replace_prob",
  "task.whole_word": "task.whole_word_mask",
  "task.mask_smoothing": "task.mlm_smoothing",
  "method.init": "method.init_lora_weights",
  "method.lora_plus_ratio": "method.loraplus_lr_ratio",
  "distillation.soft": "distillation.kl_weight",
  "distillation.hard": "distillation.task_weight",
  "distillation.cosine": "distillation.cosine_weight",
  "distillation.hidden": "distillation.hidden_weight",
  "distillation.attention": "distillation.attention_weight",
  "distillation.relations": "distillation.relation_weight",
  "distillation.scope": "distillation.kl_tokens",
  "distillation.cache_top": "distillation.cache_top_k",
  "training.recompute": "training.gradient_checkpointing",
  "training.batching": "training.train_sampling_strategy",
  "training.tokens_per_batch": "training.max_tokens_per_batch",
  "training.cache_frozen": "training.cache_frozen_states",
  "training.schedule_floor": "training.schedule_min_lr_rate",
  "training.eval_every_steps": "training.eval_steps",
  "training.metric_for_best": "training.metric_for_best_model",
  "training.log_every_steps": "training.logging_steps",
  "training.snapshot_every_steps": "training.save_steps",
  "training.snapshot_every_minutes": "training.save_minutes",
  "training.keep_snapshots": "training.save_total_limit",
]
