//! `cloister model quality`

use std::path::PathBuf;
use std::process::Stdio;

use clap::Args;
use tokio::process::Command;

use crate::error::{CliError, Doing};
use crate::local::children::sibling;
use crate::output::{Format, Output};

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cloister model quality SmolLM2.gguf --text corpus.txt --chunk 512

Perplexity is exp(mean negative log-likelihood) over the second half of every chunk.")]
pub(crate) struct Quality {
    /// A GGUF
    model: PathBuf,
    /// UTF-8 text to predict
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// Tokens per chunk
    #[arg(long, default_value_t = 512, value_name = "TOKENS")]
    chunk: u32,
    /// Chunks to score [default: all]
    #[arg(long, value_name = "N")]
    chunks: Option<u32>,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<u32>,
}

impl Quality {
    /// The runtime is the agent's: it does the work, and prints.
    pub(crate) async fn run(self, output: &Output) -> Result<(), CliError> {
        let program = sibling("cloister-agent")?;
        let mut command = Command::new(&program);
        command.arg("quality").arg(&self.model).arg("--text").arg(&self.text);
        command.args(["--chunk", &self.chunk.to_string()]);
        for (flag, value) in [("--chunks", self.chunks), ("--threads", self.threads)] {
            if let Some(value) = value {
                command.args([flag, &value.to_string()]);
            }
        }
        if output.format() != Format::Table {
            command.args(["-o", "json"]);
        }
        let status = command
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .status()
            .await
            .doing(|| format!("{} could not be started", program.display()))?;
        if status.success() {
            Ok(())
        } else {
            Err(CliError::new(format!("no quality was measured ({status})")))
        }
    }
}
