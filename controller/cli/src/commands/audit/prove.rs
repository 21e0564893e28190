//! Evidence, fetched and checked here.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use cloister_api::{Record, paths};
use cloister_evidence::checkpoint::LogVerifier;
use cloister_evidence::record::Record as Leaf;
use cloister_evidence::tell::tell;
use cloister_evidence::verify::{Report, verify};
use futures_util::StreamExt;

use crate::client::Client;
use crate::error::{CliError, Doing};
use crate::limits::{ANSWER_BYTES_MAX, KEY_FILE_BYTES_MAX};
use crate::local::files::read_text;
use crate::output::{Output, Style};
use crate::render::table::printable;

/// The verifier key: as text, or in a file.
pub(crate) fn key_text(given: &str) -> Result<String, CliError> {
    let path = Path::new(given);
    let text = if path.is_file() { read_text(path, KEY_FILE_BYTES_MAX)? } else { given.to_string() };
    Ok(text.trim().to_string())
}

/// The record in sentences, or as it is when this version does not know it.
pub(super) fn told(record: &Record) -> String {
    match Leaf::parse(record.leaf_json.as_bytes()) {
        Ok(leaf) => tell(&leaf),
        Err(_) => printable(&record.leaf_json),
    }
}

/// Fetches one record with what proves it, and checks it against a key that was known before.
pub(super) async fn prove(
    client: &Client,
    record: &str,
    key: Option<&str>,
    out: Option<&Path>,
    output: &Output,
) -> Result<(), CliError> {
    let vkey = match (key, &client.target().audit_vkey) {
        (Some(key), _) => key_text(key)?,
        (None, Some(pinned)) => pinned.clone(),
        (None, None) => {
            return Err(CliError::usage("there is no key to check against: this context has none pinned")
                .next("give the log's verifier key with --key, from someone other than the controller"));
        }
    };
    let evidence = download(client, record).await?;
    let report = check(&evidence[..], &vkey)?;
    if let Some(out) = out {
        std::fs::write(out, &evidence).doing(|| format!("{} could not be written", out.display()))?;
    }
    output.data(&report, |out| report_sentences(&report, out))
}

/// Fetches the evidence of a record, and of the other half of its pair, into a file.
pub(crate) async fn fetch_evidence(client: &Client, record: &str, file: &Path) -> Result<(), CliError> {
    let evidence = download(client, record).await?;
    std::fs::write(file, evidence).doing(|| format!("{} could not be written", file.display()))
}

/// Checks an evidence file with nothing but the file and the key, and says what was checked.
pub(crate) fn verify_file(file: &Path, vkey: &str, output: &Output) -> Result<(), CliError> {
    let opened = File::open(file).doing(|| format!("{} could not be opened", file.display()))?;
    let report = check(BufReader::new(opened), vkey)?;
    output.data(&report, |out| report_sentences(&report, out))
}

/// Fetches the evidence of a record and checks it here.
pub(crate) async fn checked_record(client: &Client, record: &str, vkey: &str) -> Result<Report, CliError> {
    check(&download(client, record).await?[..], vkey)
}

async fn download(client: &Client, record: &str) -> Result<Vec<u8>, CliError> {
    let mut pieces = Box::pin(client.download(&paths::record_evidence(record)).await?);
    let mut evidence = Vec::new();
    while let Some(piece) = pieces.next().await {
        evidence.extend_from_slice(&piece?);
        if evidence.len() > ANSWER_BYTES_MAX {
            return Err(CliError::new("the evidence of one record is larger than it can be"));
        }
    }
    Ok(evidence)
}

fn check(evidence: impl std::io::BufRead, vkey: &str) -> Result<Report, CliError> {
    let key = LogVerifier::from_text(vkey).doing(|| "the verifier key cannot be used".into())?;
    verify(evidence, &key).doing(|| "NOT VERIFIED".into())
}

/// What a verification showed, a line for each.
pub(crate) fn report_sentences(report: &Report, out: &Output) -> String {
    let tick = out.paint(Style::Good, "✓");
    let mut lines: Vec<_> = report.checked.iter().map(|s| format!("{tick} {}", printable(s))).collect();
    lines.extend(report.notes.iter().map(|s| format!("  {}", printable(s))));
    lines.extend(
        report.not_proved.iter().map(|s| out.paint(Style::Dim, &format!("  not proved: {}", printable(s)))),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_from_a_file_or_as_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit.vkey");
        std::fs::write(&file, "origin+00000000+AAAA\n").unwrap();
        assert_eq!(key_text(file.to_str().unwrap()).unwrap(), "origin+00000000+AAAA");
        assert_eq!(key_text(" origin+00000000+BBBB ").unwrap(), "origin+00000000+BBBB");
    }

    #[test]
    fn what_is_no_evidence_is_not_verified() {
        let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert!(check(&b"{}"[..], vkey).unwrap_err().what.starts_with("NOT VERIFIED"));
        assert!(check(&b"{}"[..], "nonsense").unwrap_err().what.contains("verifier key"));
    }
}
