/// The order of names in files.

/// Orders strings by their UTF-8 bytes, as Rust and Python do; Swift's own order differs beyond ASCII.
package func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
