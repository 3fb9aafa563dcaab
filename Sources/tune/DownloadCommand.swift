/// `tune download`: a model's files from the Hub. The only command that opens an outgoing connection.
import ArgumentParser
import Downloads
import Files
import ModelHub
import Reporting

struct DownloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download", abstract: "Download a model from the Hugging Face Hub.",
    discussion: """
      Config, tokenizer, weights (safetensors, else pytorch_model.bin), model card and licence. Every file is checked \
      against the Hub's hash. The same command continues an interrupted download. This is the only command that opens an \
      outgoing connection. HF_ENDPOINT, HF_TOKEN, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are respected: see docs/hub.md.
      """)

  @Argument(
    help: ArgumentHelp("The model's name on the Hub.", valueName: "organization/name"),
    transform: { text in
      guard let name = HubName(text) else {
        throw ValidationError("found \"\(text)\"; expected a name on the Hub, such as dmis-lab/biobert-v1.1")
      }
      return name
    })
  var name: HubName
  @Option(help: "A branch, a tag or a commit.")
  var revision = "main"
  @Option(
    help: ArgumentHelp(
      "Download the files of this name instead, such as '*.safetensors'. May be repeated.", valueName: "pattern"))
  var include: [String] = []
  @Option(
    help: ArgumentHelp("The folder to write into. Default: models/organization/name.", valueName: "folder"),
    completion: .directory)
  var to: String?

  func validate() throws {
    if revision.isEmpty || to?.isEmpty ?? false { throw ValidationError("--revision and --to must not be empty.") }
  }

  func run() throws {
    let folder = to ?? name.downloadFolder
    let progress = DownloadProgress()
    let download = ModelDownload(
      name, revision: revision, patterns: include, folder: folder, settings: try HubSettings()
    ) { event in
      switch event {
      case .resolved(let commit, let files, let bytes):
        progress.print("\(name) \(revision): commit \(commit), \(files) files, \(fileSize(bytes))")
      case .present(let path): progress.print("\(path): already there")
      case .progress(let path, let count, let size): progress.update(path, count, of: size)
      case .finished(let path, let size): progress.print("\(path): \(fileSize(size))")
      case .waits(let fault, let seconds): progress.print("\(fault) Next try in \(seconds) s.")
      }
    }
    try download.run()
    try emit(folder)
  }
}
