//! Facts about a model for people: what `model inspect` prints and the registry stores.

use crate::gguf::{Gguf, GgufError};
use crate::memory::kv_bytes_per_token;
use crate::model::ModelConfig;
use std::collections::BTreeMap;

/// A model at a glance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    pub name: Option<String>,
    pub architecture: String,
    /// Number of weights.
    pub parameters: u64,
    /// The type that holds most of the layer matrices' weights: `Q4_1`.
    pub quantization: String,
    pub context_length: u32,
    /// SPDX identifier as the file states it; not verified.
    pub license: Option<String>,
    pub kv_bytes_per_token: u64,
    pub file_bytes: u64,
    /// Tensors per type.
    pub tensor_types: BTreeMap<String, u64>,
}

/// Collects the summary of a parsed and checked model.
///
/// # Errors
/// [`GgufError::WrongType`] if name or licence are not strings.
pub fn summarize(gguf: &Gguf, config: &ModelConfig) -> Result<Summary, GgufError> {
    let text = |key: &str| gguf.get_as::<&str>(key).map(|s| s.map(str::to_owned));
    let mut tensor_types = BTreeMap::new();
    for tensor in gguf.tensors() {
        *tensor_types.entry(tensor.ty.name().to_owned()).or_insert(0) += 1;
    }
    Ok(Summary {
        name: text("general.name")?,
        architecture: config.architecture.name().into(),
        parameters: config.parameters,
        quantization: quantization(gguf),
        context_length: config.context_length,
        license: text("general.license")?,
        kv_bytes_per_token: kv_bytes_per_token(config),
        file_bytes: gguf.file_bytes(),
        tensor_types,
    })
}

/// The embedding is left out: it is often kept at a higher precision than the layers and would outweigh them in
/// small models.
fn quantization(gguf: &Gguf) -> String {
    let mut weights: BTreeMap<&str, u64> = BTreeMap::new();
    let matrices = gguf.tensors().iter().filter(|t| t.name.starts_with("blk.") && t.dims.len() == 2);
    for tensor in matrices {
        *weights.entry(tensor.ty.name()).or_insert(0) += tensor.weights();
    }
    weights.into_iter().max_by_key(|&(_, n)| n).map_or_else(|| "none".into(), |(name, _)| name.to_owned())
}
