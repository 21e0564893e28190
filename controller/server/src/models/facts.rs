//! What the header of the weights says, and whether this fleet can run them.

use std::fs::File;
use std::path::Path;

use cloister_api::ModelFacts;
use runtime_formats::gguf::Gguf;
use runtime_formats::model::ModelConfig;
use runtime_formats::summary::{Summary, summarize};

/// Why the weights cannot be run, as the end of a sentence.
pub(super) struct FactsError(pub(super) String);

/// Parses the header of a GGUF file. Blocks on the disk.
pub(super) fn read(path: &Path, name: &str) -> Result<ModelFacts, FactsError> {
    let file = File::open(path).map_err(reason)?;
    let gguf = Gguf::parse(&file).map_err(reason)?;
    let config = ModelConfig::from_gguf(&gguf).map_err(reason)?;
    let summary = summarize(&gguf, &config).map_err(reason)?;
    let template: Option<&str> = gguf.get_as("tokenizer.chat_template").map_err(reason)?;
    Ok(facts(name, &config, summary, template.is_some()))
}

fn reason(error: impl std::fmt::Display) -> FactsError {
    FactsError(error.to_string())
}

fn facts(name: &str, config: &ModelConfig, summary: Summary, chat_template: bool) -> ModelFacts {
    ModelFacts {
        weights_file: name.to_owned(),
        architecture: summary.architecture,
        quantization: summary.quantization,
        parameters: summary.parameters,
        context_length: summary.context_length,
        layers: config.layers,
        embedding_length: config.hidden,
        attention_heads: config.heads,
        attention_heads_kv: config.kv_heads,
        vocabulary: config.vocab,
        tensor_types: summary.tensor_types,
        weights_bytes: config.packed_weights_bytes,
        kv_bytes_per_token: summary.kv_bytes_per_token,
        license: summary.license,
        chat_template,
    }
}
