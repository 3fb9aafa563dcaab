/// The supported model families. What distinguishes them is in their `Architecture`; no other code asks for a family's
/// name.

/// As `model_type` in config.json.
///
/// To add a family whose encoder has the switches of `Architecture`: a file with its architecture beside this one, a
/// case, and its line in `architecture`. Compare it with transformers in tests (Tests/Fixtures/families).
package enum Family: String, CaseIterable, Sendable {
  case bert, distilbert, roberta, electra, modernbert

  package var architecture: Architecture {
    switch self {
    case .bert: .bert
    case .distilbert: .distilbert
    case .roberta: .roberta
    case .electra: .electra
    case .modernbert: .modernbert
    }
  }

  /// The names of weights in this family's checkpoints.
  package var names: WeightNames { architecture.names }
  package var keys: ConfigKeys { architecture.keys }
}
