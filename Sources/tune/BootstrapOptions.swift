/// Options of commands that resample test data.
import ArgumentParser
import Tasks

struct BootstrapOptions: ParsableArguments {
  @Option(help: "How often the examples are resampled for intervals and p.")
  var resamples = Bootstrap.defaultResamples
  @Option(help: "Random seed of the resampling.")
  var seed: UInt64 = 0

  func validate() throws {
    if !(1...1_000_000).contains(resamples) {
      throw ValidationError("--resamples: expected 1 to 1000000, found \(resamples).")
    }
  }

  var test: PairedTest { PairedTest(resamples: resamples, seed: seed) }
  var value: Bootstrap { Bootstrap(resamples: resamples, seed: seed) }
}
