use super::*;
use crate::gguf::Value;
use crate::quant::TensorType;
use crate::summary::summarize;
use crate::testing::{GgufWriter, TinyLlama};

fn config(writer: &GgufWriter) -> Result<ModelConfig, ModelError> {
    ModelConfig::from_gguf(&Gguf::parse(&writer.finish()).expect("a well-formed file"))
}

#[test]
fn a_llama_is_understood() {
    let config = config(&TinyLlama::default().writer()).unwrap();
    assert_eq!((config.layers, config.hidden, config.ffn, config.vocab), (2, 64, 96, 258));
    assert_eq!((config.heads, config.kv_heads, config.head_dim), (4, 2, 16));
    assert_eq!((config.query_width(), config.kv_width()), (64, 32));
    assert!(config.tied_embedding);
    assert_eq!(config.special_tokens.eos, Some(257));
    assert_eq!(config.special_tokens.add_bos, Some(false));
    let layer = 2 * 64 + 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 96;
    assert_eq!(config.parameters, 64 * 258 + 64 + 2 * layer);
}

#[test]
fn models_that_would_compute_nonsense_are_refused_by_name() {
    let cases: [(&str, Value, &str); 12] = [
        ("general.architecture", Value::String("mamba".into()), "architecture \"mamba\" is not supported"),
        ("general.architecture", Value::U32(7), "a string expected"),
        ("llama.block_count", Value::U32(0), "llama.block_count is 0"),
        ("llama.block_count", Value::U32(3), "\"blk.2.attn_norm.weight\" is missing"),
        ("llama.block_count", Value::U32(1), "\"blk.1.attn_norm.weight\" has no place"),
        ("llama.context_length", Value::U32(u32::MAX), "llama.context_length is 4294967295"),
        ("llama.embedding_length", Value::U32(128), "has shape"),
        ("llama.attention.head_count", Value::U32(5), "cannot be split into 5 heads"),
        ("llama.attention.head_count_kv", Value::U32(3), "cannot share 3 key/value heads"),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(0.0), "epsilon of 0"),
        ("llama.expert_count", Value::U32(8), "a mixture of 8 experts"),
        ("llama.rope.scaling.type", Value::String("yarn".into()), "rope scaling \"yarn\""),
    ];
    for (key, value, reason) in cases {
        let mut writer = TinyLlama::default().writer();
        let error = config(writer.set(key, value)).expect_err(key).to_string();
        assert!(error.contains(reason), "{key}: {error}");
    }
}

#[test]
fn extra_tensors_are_refused_because_ignoring_them_would_change_answers() {
    let mut writer = TinyLlama::default().writer();
    writer.tensor("blk.0.attn_q.bias", &[64], TensorType::F32, vec![0; 256]);
    let error = config(&writer).unwrap_err().to_string();
    assert!(error.contains("\"blk.0.attn_q.bias\" has no place"), "{error}");
}

#[test]
fn norms_must_be_f32() {
    let mut writer = TinyLlama { layers: 1, ..TinyLlama::default() }.writer();
    writer.tensor("rope_freqs.weight", &[8], TensorType::F16, vec![0; 16]);
    let error = config(&writer).unwrap_err().to_string();
    assert!(error.contains("\"rope_freqs.weight\" has type F16; F32 expected"), "{error}");
}

#[test]
fn the_summary_names_the_type_of_the_layers() {
    for (matrices, name) in [(TensorType::Q4_1, "Q4_1"), (TensorType::F16, "F16")] {
        let file = TinyLlama { matrices, ..TinyLlama::default() }.gguf();
        let gguf = Gguf::parse(&file).unwrap();
        let config = ModelConfig::from_gguf(&gguf).unwrap();
        let summary = summarize(&gguf, &config).unwrap();
        assert_eq!(summary.quantization, name);
        assert_eq!(summary.tensor_types[name], 2 * 7);
        assert_eq!(summary.tensor_types["F32"], 2 * 2 + 1);
        assert_eq!(summary.license.as_deref(), Some("apache-2.0"));
        assert_eq!(summary.kv_bytes_per_token, 2 * 32 * 2 * 2);
        assert_eq!(summary.file_bytes, file.len() as u64);
    }
}
