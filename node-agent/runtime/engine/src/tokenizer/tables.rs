//! Reading the tokenizer's tables from a model file's metadata.

use runtime_formats::gguf::{Array, Gguf, GgufError, Value};

use super::TokenizerTables;

impl TokenizerTables {
    /// Reads every table that tokenization needs.
    ///
    /// # Errors
    /// [`GgufError`] names the key that is missing or has the wrong type.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, GgufError> {
        let text = |key: &str| gguf.get_as::<&str>(key).map(|text| text.map(str::to_owned));
        let id = |name: &str| gguf.get_as::<u32>(&format!("tokenizer.ggml.{name}_token_id"));
        let strings = |key: &str| match gguf.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(Array::String(strings))) => Ok(strings.clone()),
            Some(other) => Err(wrong_type(key, other, "an array of strings")),
        };
        Ok(Self {
            model: gguf.require::<&str>("tokenizer.ggml.model")?.to_owned(),
            pre: text("tokenizer.ggml.pre")?,
            tokens: strings("tokenizer.ggml.tokens")?,
            token_types: token_types(gguf)?,
            scores: scores(gguf)?,
            merges: strings("tokenizer.ggml.merges")?,
            bos_id: id("bos")?,
            eos_id: id("eos")?,
            eot_id: id("eot")?,
            unknown_id: id("unknown")?,
            add_bos: gguf.get_as("tokenizer.ggml.add_bos_token")?,
            add_space_prefix: gguf.get_as("tokenizer.ggml.add_space_prefix")?,
        })
    }
}

fn token_types(gguf: &Gguf) -> Result<Vec<u32>, GgufError> {
    const KEY: &str = "tokenizer.ggml.token_type";
    match gguf.get(KEY) {
        None => Ok(Vec::new()),
        Some(Value::Array(Array::U32(types))) => Ok(types.clone()),
        Some(Value::Array(Array::I32(types))) => {
            // No kind has a negative number; zero stands for "ordinary".
            Ok(types.iter().map(|kind| u32::try_from(*kind).unwrap_or(0)).collect())
        }
        Some(other) => Err(wrong_type(KEY, other, "an array of 32-bit integers")),
    }
}

fn scores(gguf: &Gguf) -> Result<Vec<f32>, GgufError> {
    const KEY: &str = "tokenizer.ggml.scores";
    match gguf.get(KEY) {
        None => Ok(Vec::new()),
        Some(Value::Array(Array::F32(scores))) => Ok(scores.clone()),
        Some(other) => Err(wrong_type(KEY, other, "an array of 32-bit floats")),
    }
}

fn wrong_type(key: &str, found: &Value, wanted: &'static str) -> GgufError {
    GgufError::WrongType { key: key.to_owned(), found: found.describe(), wanted }
}
