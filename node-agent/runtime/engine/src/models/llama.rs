//! The Llama architecture: one forward pass over a batch step.

use runtime_formats::gguf::Gguf;
use runtime_formats::model::ModelConfig;
use runtime_formats::source::ByteSource;
use runtime_kernels::{
    Attention, KernelError, Kernels, KvCache, KvShape, Pool, Product, QuantizedRows, RopeTable, Write,
};

use super::scratch::{Scratch, ScratchRows};
use super::step::BatchStep;
use super::weights::{Layer, LoadError, Weights};

/// A loaded model and the buffers it computes in.
pub(crate) struct Llama {
    kernels: &'static Kernels,
    pool: Pool,
    config: ModelConfig,
    weights: Weights,
    rope: RopeTable,
    scratch: Scratch,
    rows: ScratchRows,
}

impl Llama {
    /// Loads the weights and makes room for steps of `rows` and positions up to `context_length`.
    pub(crate) fn load<S: ByteSource + ?Sized>(
        source: &S,
        gguf: &Gguf,
        config: ModelConfig,
        (kernels, pool): (&'static Kernels, Pool),
        (rows, context_length): (ScratchRows, u32),
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, LoadError> {
        let weights = Weights::load(source, gguf, &config, progress)?;
        let rope = RopeTable::new(&config.rope, weights.rope_factors.as_deref(), context_length);
        let scratch = Scratch::new(&config, &weights.formats(), rows)?;
        Ok(Self { kernels, pool, config, weights, rope, scratch, rows })
    }

    /// An empty cache of this many blocks.
    pub(crate) fn cache(&self, blocks: usize) -> Result<KvCache, KernelError> {
        KvCache::new(KvShape::of(&self.config), blocks)
    }

    /// Facts about the model.
    pub(crate) fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The instruction set that computes.
    pub(crate) fn isa(&self) -> runtime_kernels::Isa {
        self.kernels.isa()
    }

    /// Computes a step: stores its keys and values in `cache` and returns the logits of the wanted rows, one
    /// vocabulary after another.
    ///
    /// # Errors
    /// [`KernelError`] when the step does not fit the buffers or a compute thread failed.
    pub(crate) fn forward(
        &mut self,
        step: &BatchStep<'_>,
        cache: &mut KvCache,
    ) -> Result<&mut [f32], KernelError> {
        let (rows, wanted) = (step.len(), step.wanted.len());
        if rows > self.rows.step || wanted > self.rows.logits {
            let (found, wanted) = (rows.max(wanted), self.rows.step);
            return Err(KernelError::Shape { what: "rows of a batch step", found, wanted });
        }
        let Self { kernels, pool, config, weights, rope, scratch, .. } = self;
        let pass = Pass { kernels, pool, config, rope, step };
        let residual = &mut scratch.residual[..rows * config.hidden as usize];
        kernels.embed(&weights.embedding, &step.tokens, residual)?;
        for (index, layer) in weights.layers.iter().enumerate() {
            pass.attend(index, layer, cache, scratch)?;
            pass.feed_forward(layer, scratch)?;
        }
        pass.logits(weights, scratch)
    }
}

/// What every layer of one forward pass needs.
struct Pass<'a> {
    kernels: &'a Kernels,
    pool: &'a Pool,
    config: &'a ModelConfig,
    rope: &'a RopeTable,
    step: &'a BatchStep<'a>,
}

impl Pass<'_> {
    /// `residual += output(attention(norm(residual)))`
    fn attend(
        &self,
        index: usize,
        layer: &Layer,
        cache: &mut KvCache,
        scratch: &mut Scratch,
    ) -> Result<(), KernelError> {
        let Self { kernels, pool, config, step, .. } = self;
        let residual = self.rows(&mut scratch.residual, config.hidden);
        let query = self.rows(&mut scratch.query, config.query_width());
        let key = self.rows(&mut scratch.key, config.kv_width());
        let value = self.rows(&mut scratch.value, config.kv_width());
        let attended = self.rows(&mut scratch.attended, config.query_width());

        self.norm(residual, &layer.attention_norm, &mut scratch.normed)?;
        kernels.matmul_many(
            pool,
            &scratch.normed,
            &mut [product(&layer.query, query), product(&layer.key, key), product(&layer.value, value)],
        )?;
        let head_dim = config.head_dim as usize;
        kernels.rope(self.rope, &step.positions, head_dim, query)?;
        kernels.rope(self.rope, &step.positions, head_dim, key)?;
        kernels.kv_write(cache, index, &step.slots, key, value)?;
        let attention = Attention {
            cache,
            layer: index,
            heads: config.heads as usize,
            rows: &step.rows,
            page_tables: &step.block_tables,
            query,
        };
        kernels.attention(pool, &attention, attended)?;
        kernels.quantize(pool, attended, &mut scratch.attended_rows)?;
        kernels.matmul_add(pool, &layer.attention_output, &scratch.attended_rows, residual)
    }

    /// `residual += down(silu(gate(x)) * up(x))` with `x = norm(residual)`
    fn feed_forward(&self, layer: &Layer, scratch: &mut Scratch) -> Result<(), KernelError> {
        let Self { kernels, pool, config, .. } = self;
        let residual = self.rows(&mut scratch.residual, config.hidden);
        let gate = self.rows(&mut scratch.gate, config.ffn);
        let up = self.rows(&mut scratch.up, config.ffn);

        self.norm(residual, &layer.ffn_norm, &mut scratch.normed)?;
        kernels.matmul_many(
            pool,
            &scratch.normed,
            &mut [product(&layer.gate, gate), product(&layer.up, up)],
        )?;
        kernels.silu_mul_quantize(pool, gate, up, &mut scratch.gated_rows)?;
        kernels.matmul_add(pool, &layer.down, &scratch.gated_rows, residual)
    }

    /// The logits of the wanted rows alone: the head is the largest matrix of a small model.
    fn logits<'s>(&self, weights: &Weights, scratch: &'s mut Scratch) -> Result<&'s mut [f32], KernelError> {
        let Self { kernels, pool, config, step, .. } = self;
        let (hidden, wanted) = (config.hidden as usize, &step.wanted);
        let logits = &mut scratch.logits[..wanted.len() * config.vocab as usize];
        if wanted.is_empty() {
            return Ok(logits);
        }
        let last = &mut scratch.last[..wanted.len() * hidden];
        for (last, row) in last.chunks_exact_mut(hidden).zip(wanted) {
            last.copy_from_slice(&scratch.residual[row * hidden..][..hidden]);
        }
        self.norm(last, &weights.output_norm, &mut scratch.normed)?;
        kernels.matmul(pool, weights.head(), &scratch.normed, logits)?;
        Ok(logits)
    }

    fn norm(&self, x: &[f32], weight: &[f32], out: &mut QuantizedRows) -> Result<(), KernelError> {
        self.kernels.rmsnorm_quantize(self.pool, x, weight, self.config.rms_epsilon, out)
    }

    /// The part of a buffer that this step's rows use.
    fn rows<'b>(&self, buffer: &'b mut [f32], width: u32) -> &'b mut [f32] {
        &mut buffer[..self.step.len() * width as usize]
    }
}

fn product<'a>(matrix: &'a runtime_kernels::PackedMatrix, out: &'a mut [f32]) -> Product<'a> {
    Product { matrix, out, write: Write::Overwrite }
}
