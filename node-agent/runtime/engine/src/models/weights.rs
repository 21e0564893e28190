//! Reading a model's tensors and packing them for the kernels.

use runtime_formats::gguf::{Gguf, GgufError, TensorInfo};
use runtime_formats::model::{ModelConfig, ModelError};
use runtime_formats::source::ByteSource;
use runtime_kernels::{KernelError, PackedMatrix, PackedMatrixBuilder, WeightArena};

use super::scratch::Formats;

/// Bytes read and packed at a time: bounds what is held twice.
const PIECE_BYTES: usize = 1 << 20;

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is not a sound GGUF file.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The file is sound, but not a model we can run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer cannot be made.
    #[error(transparent)]
    Tokenizer(#[from] crate::tokenizer::TokenizerError),
    /// The chat template cannot be used.
    #[error(transparent)]
    Template(#[from] crate::template::TemplateError),
    /// A kernel refused a shape, or the instruction set that was asked for is not there.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Bytes could not be read.
    #[error(
        "tensor {tensor:?} cannot be read: {source}; the file may have been cut short or its disk may be failing"
    )]
    Read { tensor: String, source: std::io::Error },
    /// The tokenizer has more tokens than the model has embeddings.
    #[error("the tokenizer has {tokens} tokens but the model only {embeddings} embeddings")]
    VocabularyMismatch { tokens: usize, embeddings: u32 },
    /// An option is outside its range.
    #[error("{option} is {value}; {range} is accepted")]
    Option { option: &'static str, value: u64, range: String },
    /// The engine's thread could not be started.
    #[error("the engine's thread could not be started: {0}")]
    Thread(std::io::Error),
}

/// The weights of one transformer layer.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) attention_norm: Vec<f32>,
    pub(super) query: PackedMatrix,
    pub(super) key: PackedMatrix,
    pub(super) value: PackedMatrix,
    pub(super) attention_output: PackedMatrix,
    pub(super) ffn_norm: Vec<f32>,
    pub(super) gate: PackedMatrix,
    pub(super) up: PackedMatrix,
    pub(super) down: PackedMatrix,
}

/// All weights of a model.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) embedding: PackedMatrix,
    pub(super) layers: Vec<Layer>,
    pub(super) output_norm: Vec<f32>,
    /// Absent when the embedding serves as output matrix too.
    pub(super) output: Option<PackedMatrix>,
    /// Divisors of the rope frequencies, if the model has them.
    pub(super) rope_factors: Option<Vec<f32>>,
}

impl Weights {
    /// Reads and packs every tensor. `progress` is told the bytes read so far.
    pub(super) fn load<S: ByteSource + ?Sized>(
        source: &S,
        gguf: &Gguf,
        config: &ModelConfig,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, LoadError> {
        let capacity = usize::try_from(config.packed_weights_bytes).unwrap_or(usize::MAX);
        let mut loader = Loader {
            source,
            gguf,
            arena: WeightArena::with_capacity_bytes(capacity),
            read_bytes: 0,
            progress,
        };
        let embedding = loader.matrix("token_embd.weight")?;
        let layers = (0..config.layers).map(|layer| loader.layer(layer)).collect::<Result<_, _>>()?;
        let output_norm = loader.floats("output_norm.weight")?;
        let output = (!config.tied_embedding).then(|| loader.matrix("output.weight")).transpose()?;
        let factors = gguf.tensor("rope_freqs.weight").is_some();
        let rope_factors = factors.then(|| loader.floats("rope_freqs.weight")).transpose()?;
        Ok(Self { embedding, layers, output_norm, output, rope_factors })
    }

    /// The matrix that turns the last hidden state into logits.
    pub(super) fn head(&self) -> &PackedMatrix {
        self.output.as_ref().unwrap_or(&self.embedding)
    }

    /// Which forms of activations the matrices take.
    pub(super) fn formats(&self) -> Formats {
        let mut formats = Formats::default();
        formats.hidden.push(self.head().activation_format());
        for layer in &self.layers {
            let readers = [&layer.query, &layer.key, &layer.value, &layer.gate, &layer.up];
            formats.hidden.extend(readers.map(PackedMatrix::activation_format));
            formats.attended.push(layer.attention_output.activation_format());
            formats.gated.push(layer.down.activation_format());
        }
        formats
    }
}

struct Loader<'a, S: ?Sized> {
    source: &'a S,
    gguf: &'a Gguf,
    arena: WeightArena,
    read_bytes: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl<S: ByteSource + ?Sized> Loader<'_, S> {
    fn layer(&mut self, layer: u32) -> Result<Layer, LoadError> {
        let name = |suffix: &str| format!("blk.{layer}.{suffix}.weight");
        Ok(Layer {
            attention_norm: self.floats(&name("attn_norm"))?,
            query: self.matrix(&name("attn_q"))?,
            key: self.matrix(&name("attn_k"))?,
            value: self.matrix(&name("attn_v"))?,
            attention_output: self.matrix(&name("attn_output"))?,
            ffn_norm: self.floats(&name("ffn_norm"))?,
            gate: self.matrix(&name("ffn_gate"))?,
            up: self.matrix(&name("ffn_up"))?,
            down: self.matrix(&name("ffn_down"))?,
        })
    }

    fn matrix(&mut self, name: &str) -> Result<PackedMatrix, LoadError> {
        let tensor = self.tensor(name)?;
        let [cols, rows] = [0, 1].map(|dim| tensor.dims.get(dim).copied().unwrap_or(1) as usize);
        let mut builder = PackedMatrixBuilder::new(&mut self.arena, tensor.ty, rows, cols)?;
        let row_bytes = builder.row_bytes();
        let piece_rows = (PIECE_BYTES / row_bytes).clamp(1, rows.max(1));
        let mut piece = vec![0; piece_rows * row_bytes];
        for first in (0..rows).step_by(piece_rows) {
            let piece = &mut piece[..piece_rows.min(rows - first) * row_bytes];
            self.read(&tensor, first * row_bytes, piece)?;
            builder.push(piece)?;
        }
        Ok(builder.finish()?)
    }

    fn floats(&mut self, name: &str) -> Result<Vec<f32>, LoadError> {
        let tensor = self.tensor(name)?;
        let mut bytes = vec![0; tensor.size_bytes as usize];
        self.read(&tensor, 0, &mut bytes)?;
        let (floats, _) = bytes.as_chunks::<4>();
        Ok(floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
    }

    /// The tensor's place in the file: parsing has checked that it lies inside and fits in memory.
    fn tensor(&self, name: &str) -> Result<TensorInfo, LoadError> {
        let missing = || ModelError::MissingTensor { tensor: name.to_owned() };
        Ok(self.gguf.tensor(name).cloned().ok_or_else(missing)?)
    }

    fn read(&mut self, tensor: &TensorInfo, at: usize, bytes: &mut [u8]) -> Result<(), LoadError> {
        self.source
            .read_at(tensor.offset_bytes + at as u64, bytes)
            .map_err(|source| LoadError::Read { tensor: tensor.name.clone(), source })?;
        self.read_bytes += bytes.len() as u64;
        (self.progress)(self.read_bytes);
        Ok(())
    }
}
