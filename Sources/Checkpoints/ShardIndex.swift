/// Reads the `model.safetensors.index.json` or `pytorch_model.bin.index.json` of a Hub folder: which shard has which tensor. Does not open the shards.
import Files

struct ShardIndex {
  /// Tensor name → the shard's file name, checked to be a plain one.
  let shards: [String: String]

  /// Ignores `metadata.total_size`: it is wrong in well-known checkpoints.
  init(path: String) throws {
    let json = try JSON(path: path)
    guard let map = json["weight_map"] else {
      throw CheckpointFault.index(
        file: path, found: "no key 'weight_map'", expected: "one with tensor names and their shards")
    }
    guard let members = map.object, !members.isEmpty else {
      let found = "'weight_map' is \(map.object == nil ? map.typeName : "empty")"
      throw CheckpointFault.index(file: path, found: found, expected: "tensor names with their shards")
    }
    var shards: [String: String] = [:]
    for (tensor, shard) in members {
      guard let name = shard.string else {
        let found = "'weight_map' has \(shard.typeName) for '\(tensor)'"
        throw CheckpointFault.index(file: path, found: found, expected: "the name of a shard")
      }
      guard isPlain(name, like: path) else { throw CheckpointFault.shardName(index: path, tensor: tensor, shard: name) }
      shards[tensor] = name
    }
    self.shards = shards
  }
}

/// Whether a name has the ending of the index's weights, cannot point outside the folder, and has no NUL, where the kernel
/// would end it.
private func isPlain(_ name: String, like index: String) -> Bool {
  name.hasSuffix(index.hasSuffix(".bin.index.json") ? ".bin" : ".safetensors") && !name.hasPrefix(".")
    && name.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
}
