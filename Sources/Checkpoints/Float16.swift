/// Converts between Float and the 16-bit formats, bit by bit, rounding to nearest with ties to even.
/// Does not use Swift's `Float16`: some platforms lack it, and it is slow without F16C.

/// IEEE 754 binary16 → Float, exactly.
func float(f16 bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10) & 0x1F
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    let magnitude = Float(fraction) * 0x1p-24
    return Float(bitPattern: sign | magnitude.bitPattern)
  case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}

/// Float → IEEE 754 binary16. From 65520 on the result is infinite; a NaN becomes a quiet NaN.
func f16(_ value: Float) -> UInt16 {
  let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
  let magnitude = value.bitPattern & 0x7FFF_FFFF
  if magnitude > 0x7F80_0000 { return sign | 0x7E00 | UInt16(truncatingIfNeeded: magnitude >> 13) & 0x3FF }
  if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
  if magnitude < 0x3880_0000 {
    // Below 2⁻¹⁴: after adding ½ the last bit is 2⁻²⁴, the unit of the subnormals, so the addition itself rounds.
    return sign | UInt16(truncatingIfNeeded: (Float(bitPattern: magnitude) + 0.5).bitPattern - Float(0.5).bitPattern)
  }
  let rounded = magnitude &+ 0xFFF &+ (magnitude >> 13 & 1)
  return sign | UInt16(truncatingIfNeeded: (rounded &- 112 << 23) >> 13)
}

/// bfloat16 → Float, exactly.
func float(bf16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

/// Float → bfloat16. A NaN becomes a quiet NaN.
func bf16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}
