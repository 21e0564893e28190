//! `cloister audit`

mod list;
mod prove;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Subcommand;
use cloister_api::{Record, paths};
use futures_util::StreamExt;

use crate::client::Client;
use crate::error::{CliError, Doing};
use crate::output::Output;

pub(crate) use prove::{checked_record, fetch_evidence, key_text, report_sentences, verify_file};

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// The newest records
    #[command(
        after_help = "Examples:\n  cloister audit list\n  cloister audit list --kind inference.completed --limit 200 -o json\n  cloister audit list --who meier --model smollm2 --from 2026-11-22T08:00:00Z --to 2026-11-22T09:00:00Z"
    )]
    List(list::List),
    /// One record, told in sentences
    Show { record: String },
    /// Check an evidence file offline, as cloister-audit does
    #[command(after_help = "Example:\n  cloister audit verify log.evidence --key audit.vkey")]
    Verify {
        file: PathBuf,
        /// The log's verifier key, as text or as a file
        #[arg(long, value_name = "VKEY")]
        key: String,
    },
    /// Fetch a record with its proof and check it here
    #[command(after_help = "Example:\n  cloister audit prove RECORD --out answer.evidence")]
    Prove {
        record: String,
        /// The log's verifier key [default: the one pinned in the context]
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
        /// Keep the evidence file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take the whole log away as one evidence file
    #[command(after_help = "Example:\n  cloister audit export --out log.evidence")]
    Export {
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Audit {
    pub(crate) async fn run(
        self,
        client: impl FnOnce() -> Result<Client, CliError>,
        output: &Output,
    ) -> Result<(), CliError> {
        match self {
            Self::List(list) => list.run(&client()?, output).await,
            Self::Show { record } => {
                let record: Record = client()?.get(&paths::record(&record)).await?;
                output.data(&record, |_| prove::told(&record))
            }
            Self::Verify { file, key } => verify_file(&file, &prove::key_text(&key)?, output),
            Self::Prove { record, key, out } => {
                prove::prove(&client()?, &record, key.as_deref(), out.as_deref(), output).await
            }
            Self::Export { out } => export(&client()?, &out, output).await,
        }
    }
}

/// Writes the log to a file as it arrives.
async fn export(client: &Client, out: &std::path::Path, output: &Output) -> Result<(), CliError> {
    let what = || format!("{} could not be written", out.display());
    let mut pieces = Box::pin(client.download(&paths::evidence(&[])).await?);
    let mut file = BufWriter::new(std::fs::File::create(out).doing(what)?);
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bytes += piece.len() as u64;
        file.write_all(&piece).doing(what)?;
    }
    file.flush().doing(what)?;
    output.say(&format!("{} written, {}", out.display(), crate::render::units::bytes(bytes)));
    output.say(&format!("check it anywhere: cloister-audit verify {} --key VKEY", out.display()));
    Ok(())
}
