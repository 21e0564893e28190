//! `cloister model verify`

use std::path::PathBuf;

use clap::Args;
use cloister_provenance::{Check, CheckStatus, ModelSource, TrustedSigner, VerificationReport, verify_model};

use super::sign::default_signature;
use crate::error::{CliError, Doing};
use crate::limits::{BUNDLE_BYTES_MAX, KEY_FILE_BYTES_MAX};
use crate::local::files::{read_bytes, read_text};
use crate::output::{Output, Style};
use crate::render::table::printable;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister model verify ./smollm2 --key signing.pub.pem")]
pub(crate) struct Verify {
    /// A folder, or one GGUF
    model: PathBuf,
    /// A public key that you trust, PEM; repeat for more
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    /// The signature [default: model.sig in the folder, or FILE.sig]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

impl Verify {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let signature = self.signature.unwrap_or_else(|| default_signature(&self.model));
        let trusted: Vec<_> = self
            .keys
            .iter()
            .map(|path| {
                let pem = read_text(path, KEY_FILE_BYTES_MAX)?;
                TrustedSigner::from_pem(path.display().to_string(), &pem)
                    .doing(|| format!("{} cannot be used", path.display()))
            })
            .collect::<Result<_, _>>()?;
        let bundle = read_bytes(&signature, BUNDLE_BYTES_MAX)?;
        let source = if self.model.is_dir() {
            ModelSource::Directory { path: &self.model, exclude: Some(&signature) }
        } else {
            ModelSource::File { path: &self.model }
        };
        let report = verify_model(&bundle, &trusted, source, &mut |_| {});
        output.data(&report, |out| told(&report, out))?;
        match report.failure() {
            None => Ok(()),
            Some((check, why)) => Err(CliError::new(format!("not verified: {check}: {why}"))),
        }
    }
}

fn told(report: &VerificationReport, out: &Output) -> String {
    let mut lines: Vec<_> = report.checks.iter().map(|check| line(check, out)).collect();
    lines.extend(report.model_digest.as_ref().map(|digest| format!("model {digest}")));
    lines.join("\n")
}

fn line(check: &Check, out: &Output) -> String {
    let (mark, detail) = match &check.status {
        CheckStatus::Passed(detail) => (out.paint(Style::Good, "✓"), detail),
        CheckStatus::Failed(detail) => (out.paint(Style::Bad, "✗"), detail),
        CheckStatus::NotApplicable(detail) => (out.paint(Style::Dim, "-"), detail),
    };
    format!("{mark} {}: {}", check.name, printable(detail))
}
