/// Reads a Hub folder's `model.safetensors.index.json`: which shard holds which tensor. Does not open the shards.
import Files

struct ShardIndex {
  /// Tensor name → the shard's file name, which is checked to be a plain one.
  let shards: [String: String]

  /// `metadata.total_size` is not held against the shards: well-known checkpoints have it wrong.
  init(path: String) throws {
    let json = try JSON(path: path)
    guard let map = json["weight_map"] else {
      throw CheckpointFault.index(
        file: path, found: "no key 'weight_map'", wanted: "one, with tensor names and their shards")
    }
    guard let members = map.object, !members.isEmpty else {
      let found = "'weight_map' is \(map.object == nil ? map.typeName : "empty")"
      throw CheckpointFault.index(file: path, found: found, wanted: "tensor names with their shards")
    }
    var shards: [String: String] = [:]
    for (tensor, shard) in members {
      guard let name = shard.string else {
        let found = "'weight_map' has \(shard.typeName) for '\(tensor)'"
        throw CheckpointFault.index(file: path, found: found, wanted: "the name of a shard")
      }
      guard isPlain(name) else { throw CheckpointFault.shardName(index: path, tensor: tensor, shard: name) }
      shards[tensor] = name
    }
    self.shards = shards
  }
}

/// A name that cannot lead out of the folder, nor be cut by a NUL on its way to the kernel.
private func isPlain(_ name: String) -> Bool {
  name.hasSuffix(".safetensors") && !name.hasPrefix(".")
    && name.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
}
