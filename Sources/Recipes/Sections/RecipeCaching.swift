/// The settings of hidden-state caching in the recipe's section "training". Does not cache.

extension Recipe {
  /// Whether and where hidden states below all trainable parameters are cached.
  package struct Caching: Sendable, Equatable {
    /// `auto`: where only the time changes.
    package enum Mode: String, CaseIterable, Sendable { case auto, on, off }

    package var hiddenStates = Mode.auto
    /// nil: the folder ".tune-cache" beside the run's.
    package var folder: String?
    /// Whether this cache and the teacher cache stay when the run, or the sweep that it is a cell of, has ended.
    package var keep = false
    /// In GB. A larger cache is not made; with `on` this is an error.
    package var limit = 10.0

    mutating func declare(_ fields: Fields) {
      fields.field(
        "cache_hidden_states", &hiddenStates, .choice,
        "Cache hidden states below all trainable parameters on disk: where only the time changes, always, or never.")
      fields.optional(
        "cache_folder", &folder, .newFolder,
        "Folder of that cache; else .tune-cache beside the output. With keep_cache, runs on one base model share it.")
      fields.field(
        "keep_cache", &keep, .bool,
        "Keep this cache and the teacher cache for other runs; else they are deleted. They hold the text of the data.")
      fields.field("cache_limit_gb", &limit, .number(above: 0), "No cache if it would be larger than this.")
    }
  }
}
