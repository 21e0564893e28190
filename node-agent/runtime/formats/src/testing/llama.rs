use super::{GgufWriter, SplitMix};
use crate::gguf::{Array, Value};
use crate::model::LAYER_TENSORS;
use crate::model::{Architecture, ModelConfig, RopeConfig, SpecialTokens};
use crate::quant::TensorType;
use half::f16;

/// A llama with random weights and a byte-level vocabulary, small enough for unit tests.
#[derive(Debug, Clone)]
pub struct TinyLlama {
    pub layers: u32,
    pub hidden: u32,
    pub ffn: u32,
    pub heads: u32,
    pub kv_heads: u32,
    pub vocab: u32,
    pub context_length: u32,
    pub matrices: TensorType,
    pub embedding: TensorType,
    pub seed: u64,
}

impl Default for TinyLlama {
    fn default() -> Self {
        Self {
            layers: 2,
            hidden: 64,
            ffn: 96,
            heads: 4,
            kv_heads: 2,
            vocab: 258,
            context_length: 512,
            matrices: TensorType::Q4_1,
            embedding: TensorType::Q8_0,
            seed: 1,
        }
    }
}

impl TinyLlama {
    /// The model as a writer, so that a test may damage it before [`GgufWriter::finish`].
    pub fn writer(&self) -> GgufWriter {
        let mut writer = GgufWriter::new();
        self.put_metadata(&mut writer);
        self.put_tokenizer(&mut writer);
        self.put_tensors(&mut writer);
        writer
    }

    /// The model as a file.
    pub fn gguf(&self) -> Vec<u8> {
        self.writer().finish()
    }

    fn put_metadata(&self, writer: &mut GgufWriter) {
        writer.set("general.architecture", Value::String("llama".into()));
        writer.set("general.name", Value::String("tiny".into()));
        writer.set("general.license", Value::String("apache-2.0".into()));
        let numbers = [
            ("block_count", self.layers),
            ("context_length", self.context_length),
            ("embedding_length", self.hidden),
            ("feed_forward_length", self.ffn),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", self.kv_heads),
            ("rope.dimension_count", self.hidden / self.heads),
        ];
        for (key, n) in numbers {
            writer.set(&format!("llama.{key}"), Value::U32(n));
        }
        writer.set("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5));
        writer.set("llama.rope.freq_base", Value::F32(10_000.0));
    }

    /// Tokens: one per byte in the byte-level alphabet of GPT-2, then two control tokens; no merges.
    fn put_tokenizer(&self, writer: &mut GgufWriter) {
        let mut tokens: Vec<String> = byte_alphabet();
        let mut types = vec![1_i32; 256];
        for name in ["<|start|>", "<|end|>"] {
            tokens.push(name.into());
            types.push(3);
        }
        for i in tokens.len()..self.vocab as usize {
            tokens.push(format!("<unused{i}>"));
            types.push(5);
        }
        writer.set("tokenizer.ggml.model", Value::String("gpt2".into()));
        writer.set("tokenizer.ggml.pre", Value::String("smollm".into()));
        writer.set("tokenizer.ggml.tokens", Value::Array(Array::String(tokens)));
        writer.set("tokenizer.ggml.token_type", Value::Array(Array::I32(types)));
        writer.set("tokenizer.ggml.merges", Value::Array(Array::String(Vec::new())));
        writer.set("tokenizer.ggml.bos_token_id", Value::U32(256));
        writer.set("tokenizer.ggml.eos_token_id", Value::U32(257));
        writer.set("tokenizer.ggml.add_bos_token", Value::Bool(false));
        let template = "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}\
                        {% if add_generation_prompt %}<|start|>assistant\n{% endif %}";
        writer.set("tokenizer.chat_template", Value::String(template.into()));
    }

    fn put_tensors(&self, writer: &mut GgufWriter) {
        let mut rng = SplitMix(self.seed);
        let config = self.config();
        let (hidden, vocab) = (self.hidden, self.vocab);
        let embedding = random_matrix(self.embedding, vocab as usize, hidden as usize, &mut rng);
        writer.tensor("token_embd.weight", &[hidden.into(), vocab.into()], self.embedding, embedding);
        writer.tensor("output_norm.weight", &[hidden.into()], TensorType::F32, random_norm(hidden, &mut rng));
        for layer in 0..self.layers {
            for tensor in LAYER_TENSORS {
                let dims: Vec<u64> = tensor.shape(&config).iter().map(|&n| n.into()).collect();
                let (ty, bytes) = match dims[..] {
                    [cols, rows] => {
                        (self.matrices, random_matrix(self.matrices, rows as usize, cols as usize, &mut rng))
                    }
                    _ => (TensorType::F32, random_norm(hidden, &mut rng)),
                };
                writer.tensor(&tensor.name(layer), &dims, ty, bytes);
            }
        }
    }

    fn config(&self) -> ModelConfig {
        let head_dim = self.hidden / self.heads;
        ModelConfig {
            architecture: Architecture::Llama,
            layers: self.layers,
            hidden: self.hidden,
            ffn: self.ffn,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_dim,
            vocab: self.vocab,
            context_length: self.context_length,
            rms_epsilon: 1e-5,
            rope: RopeConfig { dimensions: head_dim, base: 10_000.0, scale: 1.0 },
            tied_embedding: true,
            special_tokens: SpecialTokens::default(),
            packed_weights_bytes: 0,
            parameters: 0,
        }
    }
}

/// The printable stand-in of every byte in GPT-2's byte-level alphabet, in byte order.
fn byte_alphabet() -> Vec<String> {
    let printable = |b: u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let mut next = 256;
    (0..256_u32)
        .map(|b| {
            let code = if printable(b) {
                b
            } else {
                next += 1;
                next - 1
            };
            char::from_u32(code).map(String::from).unwrap_or_default()
        })
        .collect()
}

fn random_norm(len: u32, rng: &mut SplitMix) -> Vec<u8> {
    (0..len).flat_map(|_| (1.0 + 0.25 * rng.next_f32()).to_le_bytes()).collect()
}

/// Raw bytes of a random matrix: every quantized value occurs, scales are small and finite.
pub fn random_matrix(ty: TensorType, rows: usize, cols: usize, rng: &mut SplitMix) -> Vec<u8> {
    let blocks = rows * cols / ty.block_weights();
    (0..blocks).flat_map(|_| random_block(ty, cols, rng)).collect()
}

fn random_block(ty: TensorType, cols: usize, rng: &mut SplitMix) -> Vec<u8> {
    let spread = 1.0 / (cols as f32).sqrt();
    let mut block: Vec<u8> = (0..ty.block_bytes()).map(|_| rng.next_u64() as u8).collect();
    let half = |x: f32| f16::from_f32_const(x).to_bits().to_le_bytes();
    let scale = spread * (0.75 + 0.25 * rng.next_f32());
    match ty {
        TensorType::F32 => block = (rng.next_f32() * spread).to_le_bytes().to_vec(),
        TensorType::F16 => block = half(rng.next_f32() * spread).to_vec(),
        TensorType::Q4_0 => block[..2].copy_from_slice(&half(scale / 8.0)),
        TensorType::Q4_1 => {
            block[..2].copy_from_slice(&half(scale / 8.0));
            block[2..4].copy_from_slice(&half(-scale));
        }
        TensorType::Q8_0 => block[..2].copy_from_slice(&half(scale / 128.0)),
        TensorType::Q4K => {
            block[..2].copy_from_slice(&half(scale / 256.0));
            block[2..4].copy_from_slice(&half(scale / 32.0));
        }
        TensorType::Q6K => block[208..].copy_from_slice(&half(scale / 2048.0)),
    }
    block
}
