/// `tune serve`: an HTTP server that answers with a base model and its adapters.
import ArgumentParser
import Files
import Logging
import Server
import Serving
import Tasks
import Training

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answer HTTP requests with a base model and its adapters.",
    discussion: """
      POST /v1/predict takes inputs as 'tune predict' reads them, each with the adapters that answer it, and returns the \
      rows that it prints. /v1/embeddings (OpenAI), /classify and /pooling (vLLM) take texts for one model. Requests \
      that arrive together share a pass. With --adapters-dir, each subfolder is an adapter: one that appears, changes or \
      goes is loaded, replaced or removed while the server runs. GET /openapi.json describes all routes; docs/serving.md \
      has examples. The log is JSON, a line for each request, without the inputs. SIGTERM and SIGINT stop the server \
      when the requests that have begun are answered.
      """)

  @Argument(
    help: "The base model's folder or name on the Hub, or a run's folder: its model, or its base with its adapter.",
    completion: .directory)
  var model: String
  @Option(
    help: ArgumentHelp(
      "A folder of an adapter or a run, and its name for requests. May be repeated.", valueName: "name=folder"))
  var adapter: [AdapterArgument] = []
  @Option(help: "A folder whose subfolders are adapters; they may come and go.", completion: .directory)
  var adaptersDir: String?
  @Option(help: "The address to listen on. Other addresses than those of this computer require --token-file.")
  var host = "127.0.0.1"
  @Option(help: "The port to listen on; 0: any free one, which the log names.")
  var port = 8000
  @Option(
    help: "A file with a line TOKEN or TOKEN SCOPE,SCOPE for each client; scopes: predict (the default), manage.",
    completion: .file())
  var tokenFile: String?
  @Flag(help: "Skip the check that the adapters were trained on this base model.")
  var anyBase = false
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption
  @OptionGroup(title: "Limits") var limits: ServerLimitOptions

  func validate() throws {
    if !(0...65_535).contains(port) { throw ValidationError("--port: expected 0 to 65535, found \(port).") }
    if tokenFile == nil, !isLoopback(host) {
      throw ValidationError(
        "--host \(host): everyone who reaches this address could use the server. Give --token-file, or 127.0.0.1.")
    }
  }

  func run() throws {
    let (folder, adapters) = try modelFolders(model, adapter)
    let precision = try precision.value(for: adapters.map(\.path) + (adapters.isEmpty ? [folder] : []))
    try threads.start(quiet: true)
    let logger = Logger(label: "tune") { JSONLog(label: $0) }
    let base = try ServedBase(folder: folder, precision: precision, anyBase: anyBase, threads: threads.count)
    for note in base.notes { logger.info("\(note)") }
    let replicas = Replicas(threads: threads.count)
    let isRun = adapters.count > adapter.count
    let server = try InferenceServer(
      base, adapters: adapters, defaultModel: isRun ? adapters[0].name : nil, settings, logger,
      run: { replicas.forEach($0, $1) })
    try server.runUntilSignal()
  }

  private var settings: ServerSettings {
    var settings = limits.settings
    (settings.host, settings.port) = (host, port)
    (settings.adaptersFolder, settings.tokenFile) = (adaptersDir, tokenFile)
    return settings
  }
}

/// Whether only this computer reaches the address.
private func isLoopback(_ host: String) -> Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

struct ServerLimitOptions: ParsableArguments {
  @Option(
    help: "Adapters in memory. Those that were not used for the longest time are evicted, and read again on demand.")
  var maxAdapters = ServerSettings().maxAdapters
  @Option(help: ArgumentHelp("Size of the files of the adapters in memory.", valueName: "MiB"))
  var maxAdapterMemory = ServerSettings().maxAdapterMemory
  @Option(help: ArgumentHelp("Size of a request's body.", valueName: "bytes"))
  var maxBodyBytes = ServerSettings().maxBodyBytes
  @Option(help: "Inputs of a request.")
  var maxInputs = ServerSettings().maxInputs
  @Option(help: "Tokens of a pass; a request with more has a pass for itself.")
  var maxBatchTokens = ServerSettings().maxBatchTokens
  @Option(help: "Tokens that may wait for a pass. Further requests are answered 429.")
  var maxQueueTokens = ServerSettings().maxQueueTokens
  @Option(help: ArgumentHelp("How long a pass may wait for requests to share it.", valueName: "milliseconds"))
  var maxWait = ServerSettings().maxWait
  @Option(help: ArgumentHelp("Time for a request's body, and for its answer.", valueName: "seconds"))
  var requestTimeout = ServerSettings().requestTimeout
  @Option(help: ArgumentHelp("Time until an idle connection is closed.", valueName: "seconds"))
  var idleTimeout = ServerSettings().idleTimeout
  @Option(help: ArgumentHelp("Time for requests that have begun, after a signal to stop.", valueName: "seconds"))
  var drainTimeout = ServerSettings().drainTimeout
  @Option(help: "Open connections; further ones wait.")
  var maxConnections = ServerSettings().maxConnections

  func validate() throws {
    for (name, value) in [
      ("adapters", maxAdapters), ("adapter-memory", maxAdapterMemory), ("body-bytes", maxBodyBytes),
      ("inputs", maxInputs), ("batch-tokens", maxBatchTokens), ("queue-tokens", maxQueueTokens),
      ("connections", maxConnections),
    ] where !(1...1 << 40).contains(value) {
      throw ValidationError("--max-\(name): expected at least 1, found \(value).")
    }
    for (name, value) in [
      ("request-timeout", requestTimeout), ("idle-timeout", idleTimeout), ("drain-timeout", drainTimeout),
    ] where !(0.01...86_400).contains(value) {
      throw ValidationError("--\(name): expected 0.01 to 86400 seconds, found \(value).")
    }
    if !(0...1000).contains(maxWait) {
      throw ValidationError("--max-wait: expected 0 to 1000 milliseconds, found \(maxWait).")
    }
  }

  var settings: ServerSettings {
    var settings = ServerSettings()
    (settings.maxAdapters, settings.maxAdapterMemory) = (maxAdapters, maxAdapterMemory)
    (settings.maxBodyBytes, settings.maxInputs) = (maxBodyBytes, maxInputs)
    (settings.maxBatchTokens, settings.maxQueueTokens) = (maxBatchTokens, maxQueueTokens)
    (settings.maxWait, settings.maxConnections) = (maxWait, maxConnections)
    (settings.requestTimeout, settings.idleTimeout) = (requestTimeout, idleTimeout)
    settings.drainTimeout = drainTimeout
    return settings
  }
}
