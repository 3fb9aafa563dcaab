/// What a method does beside the passes.
public import Autograd

/// Called between passes, by the one thread that trains.
public protocol StepHook: AnyObject {
  /// A run of so many steps is about to be made, or resumed.
  /// - Throws: where the method's own schedule does not fit.
  func begin(steps: Int) throws
  /// The name of its part in the loss.
  var term: String { get }
  /// A loss of the weights alone, whose gradient is added to the batch's, for all weights that learn.
  func addLoss(to gradients: Gradients) -> Double
  /// The optimizer has made step `step`, counted from 0, with these gradients times `clip`.
  func didStep(_ step: Int, _ gradients: Gradients, clip: Double)
  /// All that the rest of the run depends on, for a snapshot; zero at first.
  var state: [Parameter] { get }
}
