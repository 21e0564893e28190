//! Quantized tensor types: how a run of weights lies in the file.
//!
//! Source: the GGUF specification and the `block_*` layouts of the ggml format it names.

pub mod blocks;
pub mod dequantize;

pub use dequantize::dequantize_row;

/// A tensor type this runtime can compute with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum TensorType {
    F32,
    F16,
    Q4_0,
    Q4_1,
    Q8_0,
    Q4K,
    Q6K,
}

impl TensorType {
    /// Every supported type.
    pub const ALL: [TensorType; 7] =
        [Self::F32, Self::F16, Self::Q4_0, Self::Q4_1, Self::Q8_0, Self::Q4K, Self::Q6K];

    /// The type with this number in a GGUF file, if this runtime computes with it.
    pub const fn from_id(id: u32) -> Option<Self> {
        Some(match id {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            8 => Self::Q8_0,
            12 => Self::Q4K,
            14 => Self::Q6K,
            _ => return None,
        })
    }

    /// The type's number in a GGUF file.
    pub const fn id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q4_1 => 3,
            Self::Q8_0 => 8,
            Self::Q4K => 12,
            Self::Q6K => 14,
        }
    }

    /// The customary name, as in file names: `Q4_K`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q8_0 => "Q8_0",
            Self::Q4K => "Q4_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// Weights per quant block.
    pub const fn block_weights(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q8_0 => blocks::SMALL_BLOCK,
            Self::Q4K | Self::Q6K => blocks::SUPER_BLOCK,
        }
    }

    /// Bytes per quant block in the file.
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::Q4_0 => blocks::Q4_0_BYTES,
            Self::Q4_1 => blocks::Q4_1_BYTES,
            Self::Q8_0 => blocks::Q8_0_BYTES,
            Self::Q4K => blocks::Q4K_BYTES,
            Self::Q6K => blocks::Q6K_BYTES,
        }
    }

    /// Bytes of a row of `weights` weights; `None` if it is no whole number of blocks, or overflows.
    pub fn row_bytes(self, weights: u64) -> Option<u64> {
        let block = self.block_weights() as u64;
        if !weights.is_multiple_of(block) {
            return None;
        }
        (weights / block).checked_mul(self.block_bytes() as u64)
    }
}

impl std::fmt::Display for TensorType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The customary name of any tensor type number, also of those this runtime cannot compute with.
pub fn type_name(id: u32) -> &'static str {
    const NAMES: [(u32, &str); 26] = [
        (6, "Q5_0"),
        (7, "Q5_1"),
        (9, "Q8_1"),
        (10, "Q2_K"),
        (11, "Q3_K"),
        (13, "Q5_K"),
        (15, "Q8_K"),
        (16, "IQ2_XXS"),
        (17, "IQ2_XS"),
        (18, "IQ3_XXS"),
        (19, "IQ1_S"),
        (20, "IQ4_NL"),
        (21, "IQ3_S"),
        (22, "IQ2_S"),
        (23, "IQ4_XS"),
        (24, "I8"),
        (25, "I16"),
        (26, "I32"),
        (27, "I64"),
        (28, "F64"),
        (29, "IQ1_M"),
        (30, "BF16"),
        (34, "TQ1_0"),
        (35, "TQ2_0"),
        (39, "MXFP4"),
        (40, "NVFP4"),
    ];
    if let Some(known) = TensorType::from_id(id) {
        return known.name();
    }
    NAMES.iter().find(|(n, _)| *n == id).map_or("unknown", |(_, name)| name)
}

#[cfg(test)]
mod tests;
