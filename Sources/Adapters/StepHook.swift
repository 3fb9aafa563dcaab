/// A hook of a method around every training step.
package import Autograd

/// Called between passes, on the training thread.
package protocol StepHook: AnyObject {
  /// Called before a run starts or resumes.
  /// - Parameter steps: of the whole run.
  /// - Throws: if the run is too short for the method's schedule.
  func begin(steps: Int) throws
  /// The name of the hook's loss term in logs.
  var term: String { get }
  /// Adds the gradient of a loss term that depends only on the weights; returns the loss.
  func addLoss(to gradients: Gradients) -> Double
  /// Called after the optimizer's step.
  /// - Parameters:
  ///   - step: counted from 0.
  ///   - clip: the factor of gradient clipping; the optimizer used the gradients times `clip`.
  func didStep(_ step: Int, _ gradients: Gradients, clip: Double)
  /// The hook's state, for snapshots; initially 0.
  var state: [Parameter] { get }
}
