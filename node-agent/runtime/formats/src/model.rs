//! Architecture facts of a model, and the proof that its tensors fit them.

mod error;
mod tensors;

pub use error::ModelError;
pub use tensors::{LAYER_TENSORS, LayerTensor};

use crate::gguf::Gguf;
use crate::limits::{MAX_CONTEXT_LENGTH, MAX_HEAD_DIM, MAX_LAYERS, MAX_WIDTH};

/// Everything an engine needs to know about a model besides the weights themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    pub architecture: Architecture,
    pub layers: u32,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Width of the feed-forward network.
    pub ffn: u32,
    pub heads: u32,
    /// Key/value heads; divides `heads`.
    pub kv_heads: u32,
    pub head_dim: u32,
    pub vocab: u32,
    /// Positions the model was trained for.
    pub context_length: u32,
    pub rms_epsilon: f32,
    pub rope: RopeConfig,
    /// The output matrix is the token embedding.
    pub tied_embedding: bool,
    pub special_tokens: SpecialTokens,
    /// Weight bytes once packed for the kernels; see [`crate::memory`].
    pub packed_weights_bytes: u64,
    /// Number of weights.
    pub parameters: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    Llama,
}

impl Architecture {
    /// The name in `general.architecture`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
        }
    }
}

/// Rotary position embedding over adjacent pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RopeConfig {
    /// Leading elements of a head that are rotated; even.
    pub dimensions: u32,
    pub base: f32,
    /// Positions are divided by this (linear scaling); 1 for none.
    pub scale: f32,
}

/// Token ids with a meaning of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    pub bos: Option<u32>,
    pub eos: Option<u32>,
    /// End of turn, where the file names one besides `eos`.
    pub eot: Option<u32>,
    pub unknown: Option<u32>,
    pub padding: Option<u32>,
    /// Whether prompts get `bos` in front. `None`: the file does not say.
    pub add_bos: Option<bool>,
}

impl ModelConfig {
    /// Reads the facts from metadata and checks every tensor's name and shape against them.
    ///
    /// # Errors
    /// [`ModelError`] names the unknown architecture, the missing key, or the unexpected tensor.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, ModelError> {
        let name: &str = gguf.require("general.architecture")?;
        if name != "llama" {
            return Err(ModelError::UnknownArchitecture { name: name.chars().take(80).collect() });
        }
        let mut config = llama_config(gguf)?;
        tensors::check(gguf, &config)?;
        config.packed_weights_bytes = crate::memory::packed_weights_bytes(gguf)?;
        config.parameters = gguf.tensors().iter().map(|t| t.weights()).sum();
        Ok(config)
    }

    /// Width of all key (or value) heads together.
    pub fn kv_width(&self) -> u32 {
        self.kv_heads * self.head_dim
    }

    /// Width of all query heads together.
    pub fn query_width(&self) -> u32 {
        self.heads * self.head_dim
    }
}

fn llama_config(gguf: &Gguf) -> Result<ModelConfig, ModelError> {
    let heads = width(gguf, "llama.attention.head_count")?;
    let hidden = width(gguf, "llama.embedding_length")?;
    let head_dim = head_dim(gguf, hidden, heads)?;
    let kv_heads = match gguf.get("llama.attention.head_count_kv") {
        None => heads,
        Some(_) => width(gguf, "llama.attention.head_count_kv")?,
    };
    if !heads.is_multiple_of(kv_heads) {
        return Err(ModelError::BadHeads { heads, kv_heads });
    }
    within("heads times head dimension", u64::from(heads) * u64::from(head_dim), MAX_WIDTH)?;
    refuse_experts(gguf)?;
    Ok(ModelConfig {
        architecture: Architecture::Llama,
        layers: bounded(gguf, "llama.block_count", MAX_LAYERS)?,
        hidden,
        ffn: width(gguf, "llama.feed_forward_length")?,
        heads,
        kv_heads,
        head_dim,
        vocab: vocab(gguf)?,
        context_length: bounded(gguf, "llama.context_length", MAX_CONTEXT_LENGTH)?,
        rms_epsilon: epsilon(gguf)?,
        rope: rope(gguf, head_dim)?,
        tied_embedding: gguf.tensor("output.weight").is_none(),
        special_tokens: special_tokens(gguf)?,
        packed_weights_bytes: 0,
        parameters: 0,
    })
}

fn bounded(gguf: &Gguf, key: &str, limit: u32) -> Result<u32, ModelError> {
    let value: u32 = gguf.require(key)?;
    within(key, value.into(), limit)
}

fn width(gguf: &Gguf, key: &str) -> Result<u32, ModelError> {
    bounded(gguf, key, MAX_WIDTH)
}

/// `value` as `u32` if it lies in `1..=limit`.
fn within(what: &str, value: u64, limit: u32) -> Result<u32, ModelError> {
    match u32::try_from(value) {
        Ok(v) if (1..=limit).contains(&v) => Ok(v),
        _ => Err(ModelError::OutOfRange { what: what.into(), found: value, limit: limit.into() }),
    }
}

fn head_dim(gguf: &Gguf, hidden: u32, heads: u32) -> Result<u32, ModelError> {
    let key_length: Option<u32> = gguf.get_as("llama.attention.key_length")?;
    let value_length: Option<u32> = gguf.get_as("llama.attention.value_length")?;
    let dim = match key_length {
        Some(n) => n,
        None if hidden.is_multiple_of(heads) => hidden / heads,
        None => return Err(ModelError::HeadDimension { hidden, heads }),
    };
    if value_length.is_some_and(|v| v != dim) {
        return Err(ModelError::Unsupported { what: "value heads of another size than key heads".into() });
    }
    let dim = within("the head dimension", dim.into(), MAX_HEAD_DIM)?;
    if !dim.is_multiple_of(16) {
        return Err(ModelError::Unsupported {
            what: format!("a head dimension of {dim} (no multiple of 16)"),
        });
    }
    Ok(dim)
}

fn refuse_experts(gguf: &Gguf) -> Result<(), ModelError> {
    match gguf.get_as::<u32>("llama.expert_count")? {
        None | Some(0) => Ok(()),
        Some(n) => Err(ModelError::Unsupported { what: format!("a mixture of {n} experts") }),
    }
}

fn vocab(gguf: &Gguf) -> Result<u32, ModelError> {
    let embedding = gguf.tensor("token_embd.weight");
    let rows = embedding.and_then(|t| t.dims.get(1).copied());
    let rows = rows.ok_or_else(|| ModelError::MissingTensor { tensor: "token_embd.weight".into() })?;
    within("the vocabulary", rows, MAX_WIDTH)
}

fn epsilon(gguf: &Gguf) -> Result<f32, ModelError> {
    let key = "llama.attention.layer_norm_rms_epsilon";
    let epsilon: f32 = gguf.require(key)?;
    if epsilon > 0.0 && epsilon < 1.0 {
        Ok(epsilon)
    } else {
        Err(ModelError::Unsupported { what: format!("{key} of {epsilon}") })
    }
}

fn rope(gguf: &Gguf, head_dim: u32) -> Result<RopeConfig, ModelError> {
    let dimensions = gguf.get_as::<u32>("llama.rope.dimension_count")?.unwrap_or(head_dim);
    let base = gguf.get_as::<f32>("llama.rope.freq_base")?.unwrap_or(10_000.0);
    let scale = match gguf.get_as::<&str>("llama.rope.scaling.type")? {
        None | Some("none") => 1.0,
        Some("linear") => gguf.require::<f32>("llama.rope.scaling.factor")?,
        Some(other) => return Err(ModelError::Unsupported { what: format!("rope scaling {other:?}") }),
    };
    let even = dimensions >= 2 && dimensions.is_multiple_of(2) && dimensions <= head_dim;
    if !even || base <= 1.0 || scale <= 0.0 {
        let what = format!("rope over {dimensions} dimensions with base {base} and factor {scale}");
        return Err(ModelError::Unsupported { what });
    }
    Ok(RopeConfig { dimensions, base, scale })
}

fn special_tokens(gguf: &Gguf) -> Result<SpecialTokens, ModelError> {
    let id = |name: &str| gguf.get_as::<u32>(&format!("tokenizer.ggml.{name}_token_id"));
    Ok(SpecialTokens {
        bos: id("bos")?,
        eos: id("eos")?,
        eot: id("eot")?,
        unknown: id("unknown")?,
        padding: id("padding")?,
        add_bos: gguf.get_as("tokenizer.ggml.add_bos_token")?,
    })
}

#[cfg(test)]
mod tests;
