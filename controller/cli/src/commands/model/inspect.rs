//! `cloister model inspect`

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use runtime_formats::gguf::Gguf;
use runtime_formats::memory::{MemoryEstimate, estimate};
use runtime_formats::model::ModelConfig;
use runtime_formats::summary::{Summary, summarize};
use serde::Serialize;

use crate::error::{CliError, Doing};
use crate::output::{Output, Style};
use crate::render::table::{dash, pairs, table};
use crate::render::units::{bytes, parameters};

/// Sequences at once for which memory is shown: the default of a deployment.
const SEQUENCES: u32 = 16;
/// The shortest context that is shown.
const CONTEXT_MIN: u32 = 1_024;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister model inspect SmolLM2.gguf")]
pub(crate) struct Inspect {
    /// A GGUF
    model: PathBuf,
}

#[derive(Debug, Serialize)]
struct Inspected {
    #[serde(flatten)]
    summary: Summary,
    layers: u32,
    vocabulary: u32,
    chat_template: bool,
    memory: Vec<Memory>,
}

#[derive(Debug, Serialize)]
struct Memory {
    context_length: u32,
    #[serde(flatten)]
    estimate: MemoryEstimate,
}

impl Inspect {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let what = || format!("{} cannot be used", self.model.display());
        let file = File::open(&self.model).doing(what)?;
        let gguf = Gguf::parse(&file).doing(what)?;
        let config = ModelConfig::from_gguf(&gguf).doing(what)?;
        let inspected = Inspected {
            summary: summarize(&gguf, &config).doing(what)?,
            layers: config.layers,
            vocabulary: config.vocab,
            chat_template: gguf.get("tokenizer.chat_template").is_some(),
            memory: contexts(config.context_length).map(|c| memory(&config, c)).collect(),
        };
        output.data(&inspected, |out| told(&inspected, out))
    }
}

/// 1,024 tokens and its doubles, up to the model's own length.
fn contexts(longest: u32) -> impl Iterator<Item = u32> {
    let doubles = std::iter::successors(Some(CONTEXT_MIN), |c| c.checked_mul(2));
    doubles.take_while(move |c| *c < longest).chain(std::iter::once(longest))
}

fn memory(config: &ModelConfig, context_length: u32) -> Memory {
    let kv_tokens = u64::from(context_length) * 2;
    Memory { context_length, estimate: estimate(config, context_length, SEQUENCES, kv_tokens) }
}

fn told(i: &Inspected, out: &Output) -> String {
    let s = &i.summary;
    let tensors: Vec<_> = s.tensor_types.iter().map(|(name, count)| format!("{count} × {name}")).collect();
    let head = pairs([
        ("Name", dash(s.name.as_ref())),
        ("Architecture", s.architecture.clone()),
        ("Parameters", parameters(s.parameters)),
        ("Quantization", s.quantization.clone()),
        ("Tensors", tensors.join(", ")),
        ("Layers", i.layers.to_string()),
        ("Vocabulary", i.vocabulary.to_string()),
        ("Context", format!("{} tokens", s.context_length)),
        ("Chat template", if i.chat_template { "yes" } else { "no" }.to_string()),
        ("Licence", dash(s.license.as_ref())),
        ("Size", bytes(s.file_bytes)),
    ]);
    let memory = table(
        ["CONTEXT", "WEIGHTS", "KV CACHE", "SCRATCH", "IN ALL"],
        i.memory.iter().map(|m| {
            let e = &m.estimate;
            [
                m.context_length.to_string(),
                bytes(e.weights_bytes),
                bytes(e.kv_bytes),
                bytes(e.scratch_bytes),
                bytes(e.total_bytes()),
            ]
        }),
    );
    let heading = out.paint(Style::Bold, "Memory of a replica");
    format!("{head}\n\n{heading} ({SEQUENCES} sequences at once)\n{memory}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shown_up_to_the_models_own_context() {
        assert_eq!(contexts(8_192).collect::<Vec<_>>(), [1_024, 2_048, 4_096, 8_192]);
        assert_eq!(contexts(3_000).collect::<Vec<_>>(), [1_024, 2_048, 3_000]);
        assert_eq!(contexts(512).collect::<Vec<_>>(), [512]);
    }
}
