//! Buffers of a forward pass, made once: a step allocates nothing large.

use runtime_formats::model::ModelConfig;
use runtime_kernels::{ActivationFormat, KernelError, QuantizedRows};

/// How many rows the buffers hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScratchRows {
    /// Rows of a step.
    pub(crate) step: usize,
    /// Rows whose logits may be asked for in one step.
    pub(crate) logits: usize,
}

/// The forms of activations that the matrices of a model take, by where they are multiplied.
#[derive(Debug, Clone, Default)]
pub(super) struct Formats {
    /// Before query, key, value, gate, up and the logits.
    pub(super) hidden: Vec<ActivationFormat>,
    /// Before the attention's output matrix.
    pub(super) attended: Vec<ActivationFormat>,
    /// Before the feed-forward network's down matrix.
    pub(super) gated: Vec<ActivationFormat>,
}

/// Activations, row after row.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The residual stream.
    pub(super) residual: Vec<f32>,
    pub(super) query: Vec<f32>,
    pub(super) key: Vec<f32>,
    pub(super) value: Vec<f32>,
    pub(super) attended: Vec<f32>,
    pub(super) gate: Vec<f32>,
    pub(super) up: Vec<f32>,
    /// The residual rows whose logits are wanted.
    pub(super) last: Vec<f32>,
    pub(super) logits: Vec<f32>,
    /// The normalised residual stream.
    pub(super) normed: QuantizedRows,
    pub(super) attended_rows: QuantizedRows,
    pub(super) gated_rows: QuantizedRows,
}

impl Scratch {
    pub(super) fn new(
        config: &ModelConfig,
        formats: &Formats,
        rows: ScratchRows,
    ) -> Result<Self, KernelError> {
        let width = |width: u32| width as usize;
        let floats = |width: u32| vec![0.0; rows.step * width as usize];
        Ok(Self {
            residual: floats(config.hidden),
            query: floats(config.query_width()),
            key: floats(config.kv_width()),
            value: floats(config.kv_width()),
            attended: floats(config.query_width()),
            gate: floats(config.ffn),
            up: floats(config.ffn),
            last: vec![0.0; rows.logits * width(config.hidden)],
            logits: vec![0.0; rows.logits * width(config.vocab)],
            normed: QuantizedRows::new(width(config.hidden), rows.step.max(rows.logits), &formats.hidden)?,
            attended_rows: QuantizedRows::new(width(config.query_width()), rows.step, &formats.attended)?,
            gated_rows: QuantizedRows::new(width(config.ffn), rows.step, &formats.gated)?,
        })
    }
}
