/// Maps a file that may be compressed with gzip.

extension MappedFile {
  /// Maps the file at `path`, or, if its first two bytes are those of gzip, a `ScratchFile` with the decompressed
  /// bytes.
  /// - Throws: `FileFault` if the file cannot be opened or mapped, is not a regular file, or its gzip data are damaged;
  ///   `FileFault.scratch` if the temporary file cannot be written.
  package static func decompressed(path: String) throws -> MappedFile {
    let file = try MappedFile(path: path)
    defer { withExtendedLifetime(file) {} }
    guard file.bytes.starts(with: [0x1F, 0x8B]) else { return file }
    let scratch = try ScratchFile()
    let gunzip = Gunzip(path: path)
    let chunkSize = 1 << 20
    for start in stride(from: 0, to: file.bytes.count, by: chunkSize) {
      let chunk = UnsafeRawBufferPointer(rebasing: file.bytes[start..<min(start + chunkSize, file.bytes.count)])
      try gunzip.decompress(chunk) { try scratch.append(Array($0)) }
      releasePages(chunk)
    }
    try gunzip.finish()
    return try scratch.map()
  }
}
