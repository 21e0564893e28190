//! `cloister model`

mod approval;
pub(crate) mod import;
mod inspect;
mod quality;
pub(crate) mod sign;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;
use cloister_api::{Changed, Model as ModelRow, ModelDetail, ModelList, paths};
use jiff::Timestamp;

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::table::{dash, pairs, printable, table};
use crate::render::units::{age, bytes, parameters, short_digest};

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// Make a signing key (P-256)
    #[command(
        after_help = "Example:\n  cloister model keygen --out release   writes release.pem and release.pub.pem"
    )]
    Keygen {
        /// Path and name, without an ending
        #[arg(long, default_value = "signing", value_name = "PATH")]
        out: PathBuf,
    },
    /// Sign a model: every file of a folder, or one GGUF
    Sign(sign::Sign),
    /// Check a signed model here, without a fleet
    Verify(verify::Verify),
    /// What a GGUF says about itself, and the memory it would take
    Inspect(inspect::Inspect),
    /// Send a signed model to the fleet, or have it fetched; the fleet verifies and keeps it
    Import(import::Import),
    /// Models that the fleet keeps
    List,
    /// One model: who signed it, its files, its facts
    Show {
        /// Name or digest
        model: String,
    },
    /// Let a model be deployed that waits for approval, or that was retired
    Approve {
        /// Name or digest
        model: String,
    },
    /// Let no deployment choose a model any more; those that have it go on
    #[command(after_help = "Example:\n  cloister model retire smollm2 --because \"replaced by smollm3\"")]
    Retire {
        /// Name or digest
        model: String,
        /// Why, for those who want to deploy it
        #[arg(long, value_name = "TEXT")]
        because: Option<String>,
    },
    /// Remove a model that no deployment uses
    Rm {
        /// Name or digest
        model: String,
    },
    /// Perplexity of a GGUF over a text, computed by our own runtime
    Quality(quality::Quality),
}

impl Model {
    pub(crate) async fn run(
        self,
        client: impl FnOnce() -> Result<Client, CliError>,
        output: &Output,
    ) -> Result<(), CliError> {
        match self {
            Self::Keygen { out } => sign::keygen(&out, output),
            Self::Sign(sign) => sign.run(output),
            Self::Verify(verify) => verify.run(output),
            Self::Inspect(inspect) => inspect.run(output),
            Self::Import(import) => import.run(&client()?, output).await,
            Self::List => {
                let list: ModelList = client()?.get(paths::MODELS).await?;
                output.data(&list.models, |_| models(&list.models))
            }
            Self::Show { model } => {
                let detail: ModelDetail = client()?.get(&paths::model(&model)).await?;
                output.data(&detail, |out| shown(&detail, out))
            }
            Self::Approve { model } => approval::approve(&client()?, &model, output).await,
            Self::Retire { model, because } => approval::retire(&client()?, &model, because, output).await,
            Self::Rm { model } => {
                let changed: Changed = client()?.delete(&paths::model(&model)).await?;
                output.data(&changed, |_| format!("removed; on record as {}", changed.record_id))
            }
            Self::Quality(quality) => quality.run(output).await,
        }
    }
}

fn models(models: &[ModelRow]) -> String {
    let now = Timestamp::now();
    table(
        ["MODEL", "APPROVAL", "DIGEST", "ARCHITECTURE", "QUANT", "PARAMETERS", "SIZE", "SIGNER", "AGE"],
        models.iter().map(|m| {
            [
                m.name.clone(),
                approval::state(&m.approval).to_owned(),
                short_digest(&m.digest),
                m.architecture.clone(),
                m.quantization.clone(),
                parameters(m.parameters),
                bytes(m.size_bytes),
                if m.trusted { m.signer_name.clone() } else { format!("{} (not trusted)", m.signer_name) },
                age(&m.imported_at, now),
            ]
        }),
    )
}

fn shown(detail: &ModelDetail, out: &Output) -> String {
    let m = &detail.model;
    let head = pairs([
        ("Model", m.name.clone()),
        ("Digest", m.digest.clone()),
        ("Architecture", m.architecture.clone()),
        ("Quantization", m.quantization.clone()),
        ("Parameters", parameters(m.parameters)),
        ("Context", format!("{} tokens", m.context_length)),
        ("Licence", dash(m.license.as_ref())),
        ("Size", bytes(m.size_bytes)),
        ("Signer", format!("{} ({})", m.signer_name, m.signer_key_id)),
        (
            "Trusted",
            if m.trusted {
                "yes"
            } else {
                "no: its signer was revoked, or no trust policy admits it for this name"
            }
            .to_string(),
        ),
        ("Imported", m.imported_at.clone()),
        ("Approval", approval::told(&m.approval)),
        ("Deployments", dash(Some(detail.deployments.join(", ")))),
    ]);
    let files = table(
        ["FILE", "SIZE", "SHA-256"],
        detail.files.iter().map(|f| [f.name.clone(), bytes(f.size_bytes), f.sha256.clone()]),
    );
    format!("{head}\n\n{files}\n\n{}", passed(&detail.checks, out))
}

/// Checks that were passed, as sentences.
pub(crate) fn passed(checks: &[String], out: &Output) -> String {
    let tick = out.paint(Style::Good, "✓");
    checks.iter().map(|c| format!("{tick} {}", printable(c))).collect::<Vec<_>>().join("\n")
}
