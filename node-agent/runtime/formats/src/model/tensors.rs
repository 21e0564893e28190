//! Which tensors a model has, and their shapes.

use super::{ModelConfig, ModelError};
use crate::gguf::{Gguf, TensorInfo};
use crate::quant::TensorType;
use std::collections::BTreeSet;

/// A tensor of every layer: `blk.N.<suffix>`.
#[derive(Debug, Clone, Copy)]
pub struct LayerTensor {
    pub suffix: &'static str,
    shape: fn(&ModelConfig) -> Vec<u32>,
}

impl LayerTensor {
    /// `[columns, rows]` of a matrix, `[length]` of a norm.
    pub fn shape(&self, config: &ModelConfig) -> Vec<u32> {
        (self.shape)(config)
    }

    /// Full name in layer `layer`.
    pub fn name(&self, layer: u32) -> String {
        format!("blk.{layer}.{}", self.suffix)
    }
}

/// The tensors of a llama layer, in the order a forward pass meets them.
pub const LAYER_TENSORS: [LayerTensor; 9] = [
    LayerTensor { suffix: "attn_norm.weight", shape: |c| vec![c.hidden] },
    LayerTensor { suffix: "attn_q.weight", shape: |c| vec![c.hidden, c.query_width()] },
    LayerTensor { suffix: "attn_k.weight", shape: |c| vec![c.hidden, c.kv_width()] },
    LayerTensor { suffix: "attn_v.weight", shape: |c| vec![c.hidden, c.kv_width()] },
    LayerTensor { suffix: "attn_output.weight", shape: |c| vec![c.query_width(), c.hidden] },
    LayerTensor { suffix: "ffn_norm.weight", shape: |c| vec![c.hidden] },
    LayerTensor { suffix: "ffn_gate.weight", shape: |c| vec![c.hidden, c.ffn] },
    LayerTensor { suffix: "ffn_up.weight", shape: |c| vec![c.hidden, c.ffn] },
    LayerTensor { suffix: "ffn_down.weight", shape: |c| vec![c.ffn, c.hidden] },
];

/// Optional per-pair divisors of the rope frequencies (long-context models carry them).
const ROPE_FREQUENCIES: &str = "rope_freqs.weight";

pub(super) fn check(gguf: &Gguf, config: &ModelConfig) -> Result<(), ModelError> {
    let mut known = BTreeSet::new();
    let mut expect = |name: String, shape: Vec<u32>| {
        let tensor = gguf.tensor(&name).ok_or_else(|| ModelError::MissingTensor { tensor: name.clone() })?;
        check_tensor(tensor, &shape)?;
        known.insert(name);
        Ok::<(), ModelError>(())
    };
    expect("token_embd.weight".into(), vec![config.hidden, config.vocab])?;
    expect("output_norm.weight".into(), vec![config.hidden])?;
    if !config.tied_embedding {
        expect("output.weight".into(), vec![config.hidden, config.vocab])?;
    }
    if gguf.tensor(ROPE_FREQUENCIES).is_some() {
        expect(ROPE_FREQUENCIES.into(), vec![config.rope.dimensions / 2])?;
    }
    for layer in 0..config.layers {
        for tensor in LAYER_TENSORS {
            expect(tensor.name(layer), tensor.shape(config))?;
        }
    }
    match gguf.tensors().iter().find(|t| !known.contains(&t.name)) {
        Some(extra) => Err(ModelError::UnexpectedTensor { tensor: extra.name.clone() }),
        None => Ok(()),
    }
}

fn check_tensor(tensor: &TensorInfo, shape: &[u32]) -> Result<(), ModelError> {
    let wanted: Vec<u64> = shape.iter().map(|&n| n.into()).collect();
    if tensor.dims != wanted {
        return Err(ModelError::WrongShape {
            tensor: tensor.name.clone(),
            found: tensor.dims.clone(),
            wanted,
        });
    }
    if wanted.len() == 1 && tensor.ty != TensorType::F32 {
        return Err(ModelError::NotF32 { tensor: tensor.name.clone(), found: tensor.ty.name() });
    }
    Ok(())
}
