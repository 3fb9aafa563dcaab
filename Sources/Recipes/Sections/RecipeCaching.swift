/// The recipe's settings of kept states, in the section "training". Keeps nothing.

extension Recipe {
  /// Whether, and where, states that cannot change are kept.
  public struct Caching: Sendable, Equatable {
    public enum Mode: String, CaseIterable, Sendable { case auto, on, off }

    public var frozenStates = Mode.auto
    /// nil: the folder ".tune-cache" beside the run's.
    public var folder: String?
    public var limit = 10.0

    mutating func declare(_ fields: Fields) {
      fields.field(
        "cache_frozen_states", &frozenStates, .choice,
        "Keep the states below all that learns on disk: where it only saves time, always, or never.")
      fields.optional(
        "cache_folder", &folder, .newFolder, "Where they are kept, for all runs over one base; else beside the run.")
      fields.field("cache_limit_gb", &limit, .number(above: 0), "They are not kept where they would take more.")
    }
  }
}
