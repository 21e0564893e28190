//! `perplexity MODEL.gguf TEXT [CHUNKS] [THREADS]`: perplexity over 512-token chunks.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs::File;

use runtime_engine::quality::{QualityOptions, perplexity};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const USAGE: &str = "usage: perplexity MODEL.gguf TEXT [CHUNKS] [THREADS]";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, text] = [0, 1].map(|place| arguments.get(place).ok_or(USAGE));
    let number = |place: usize, default: usize| arguments.get(place).map_or(Ok(default), |text| text.parse());
    let options = QualityOptions { chunk_tokens: 512, max_chunks: number(2, 32)?, threads: number(3, 2)? };
    let text = String::from_utf8_lossy(&std::fs::read(text?)?).into_owned();
    let quality = perplexity(&File::open(model?)?, &text, options, |so_far| {
        eprintln!("{:>4} chunks: {:.4}", so_far.chunks, so_far.perplexity);
    })?;
    println!(
        "{:.4} +- {:.4} over {} tokens",
        quality.perplexity, quality.standard_error, quality.scored_tokens
    );
    Ok(())
}
