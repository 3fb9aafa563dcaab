/// A thread beside those that compute, for one task that mostly waits, such as messages. Threads for computing: `Replicas`.
import Glibc

final class BackgroundThread {
  private let task: Task
  /// nil: the system has no thread left.
  private var thread: pthread_t?

  /// What the thread runs.
  private final class Task {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Starts to run `body`.
  init(_ body: @escaping @Sendable () -> Void) {
    task = Task(body)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      {
        Unmanaged<Task>.fromOpaque($0!).takeUnretainedValue().run()
        return nil
      }, Unmanaged.passUnretained(task).toOpaque())
    self.thread = code == 0 ? thread : nil
  }

  /// Returns when `body` has returned. To be called once.
  func join() {
    if let thread { pthread_join(thread, nil) } else { task.run() }
  }
}
