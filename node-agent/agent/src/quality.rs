//! `quality`: how well a model file predicts a text.

use std::fs::File;
use std::io::Write;

use anyhow::anyhow;
use runtime_engine::quality::{Quality, QualityOptions, perplexity};

use crate::cli::{OutputFormat, QualityArgs};
use crate::worker::compute_threads;

/// Measures and prints it; progress goes to standard error.
///
/// # Errors
///
/// A file cannot be read, or the model cannot be run: in words for whoever asked.
pub fn run(args: &QualityArgs) -> anyhow::Result<()> {
    let model = File::open(&args.model).map_err(|error| {
        anyhow!("cannot open the model {}: {error}. Check the path", args.model.display())
    })?;
    let text = std::fs::read_to_string(&args.text)
        .map_err(|error| anyhow!("cannot read {} as UTF-8 text: {error}", args.text.display()))?;
    let options = QualityOptions {
        chunk_tokens: usize::try_from(args.chunk)?,
        max_chunks: if args.chunks == 0 { usize::MAX } else { usize::try_from(args.chunks)? },
        threads: compute_threads(args.threads),
    };
    let mut progress = std::io::stderr();
    let quality = perplexity(&model, &text, options, |so_far| {
        // Progress that cannot be shown is no reason to stop measuring.
        let _ = writeln!(progress, "chunk {}: {:.4}", so_far.chunks, so_far.perplexity);
    })?;
    print(&mut std::io::stdout(), &quality, args.output)
}

fn print(to: &mut impl Write, quality: &Quality, format: OutputFormat) -> anyhow::Result<()> {
    let Quality { perplexity, standard_error, scored_tokens, chunks } = quality;
    match format {
        OutputFormat::Table => writeln!(
            to,
            "perplexity {perplexity:.4} ± {standard_error:.4} ({scored_tokens} tokens scored in {chunks} chunks)"
        )?,
        OutputFormat::Json => writeln!(
            to,
            "{}",
            serde_json::json!({
                "perplexity": perplexity, "standard_error": standard_error,
                "scored_tokens": scored_tokens, "chunks": chunks,
            })
        )?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_reads_well_for_people_and_for_programs() {
        let quality = Quality { perplexity: 20.28181, standard_error: 0.5, scored_tokens: 8_192, chunks: 32 };
        let text = |format| {
            let mut out = Vec::new();
            print(&mut out, &quality, format).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            text(OutputFormat::Table),
            "perplexity 20.2818 ± 0.5000 (8192 tokens scored in 32 chunks)\n"
        );
        let json: serde_json::Value = serde_json::from_str(&text(OutputFormat::Json)).unwrap();
        assert_eq!((&json["chunks"], &json["perplexity"]), (&32.into(), &20.28181.into()));
    }
}
