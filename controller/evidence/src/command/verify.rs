//! `cloister-audit verify`

use std::{
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
};

use cloister_evidence::verify::{Failure, Report, Tampered, verify};
use serde::Serialize;

use super::{Ending, Output, open_evidence, read_key};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The evidence file
    file: PathBuf,
    /// The log's verifier key: a file, or the text itself (origin+id+base64)
    #[arg(long)]
    key: String,
    /// How to write the result
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// The result as JSON.
#[derive(Serialize)]
struct Verdict<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tampered: Option<&'a Tampered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a Report>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Ending> {
    let key = read_key(&arguments.key)?;
    let result = verify(open_evidence(&arguments.file)?, &key);
    let (ending, word) = judge(&result);
    let mut out = io::stdout().lock();
    match arguments.output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut out, &verdict(&result, word))?;
            writeln!(out)?;
        }
        Output::Text => write_text(&mut out, &result, word)?,
    }
    Ok(ending)
}

fn judge(result: &Result<Report, Failure>) -> (Ending, &'static str) {
    match result {
        Ok(_) => (Ending::Holds, "ok"),
        Err(Failure::Tampered(_)) => (Ending::Tampered, "tampered"),
        Err(Failure::Insufficient(_)) => (Ending::Insufficient, "insufficient"),
        Err(Failure::Malformed(_) | Failure::Checkpoint(_) | Failure::TooMuchToRemember { .. }) => {
            (Ending::Malformed, "malformed")
        }
    }
}

fn verdict<'a>(result: &'a Result<Report, Failure>, word: &'static str) -> Verdict<'a> {
    let tampered = match result {
        Err(Failure::Tampered(tampered)) => Some(tampered),
        _ => None,
    };
    Verdict {
        verdict: word,
        reason: result.as_ref().err().map(Failure::to_string),
        tampered,
        report: result.as_ref().ok(),
    }
}

fn write_text(out: &mut impl Write, result: &Result<Report, Failure>, word: &str) -> io::Result<()> {
    let colour = if result.is_ok() { "32" } else { "31" };
    writeln!(out, "{}", painted(&word.to_uppercase(), colour))?;
    match result {
        Ok(report) => write_report(out, report),
        Err(Failure::Tampered(tampered)) => write_tampered(out, tampered),
        Err(failure) => writeln!(out, "{failure}"),
    }
}

fn write_tampered(out: &mut impl Write, tampered: &Tampered) -> io::Result<()> {
    writeln!(out, "First bad place: {}", tampered.place)?;
    writeln!(out, "  {}", tampered.what)?;
    if let (Some(expected), Some(actual)) = (&tampered.expected, &tampered.actual) {
        writeln!(out, "  expected {}", expected.escape_debug())?;
        writeln!(out, "  found    {}", actual.escape_debug())?;
    }
    Ok(())
}

fn write_report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "Log {}, {} records, root {}", report.origin, report.tree_size, report.root)?;
    if let (Some(first), Some(last)) = (&report.first_time, &report.last_time) {
        writeln!(out, "{} records in this file, from {first} to {last}:", report.records)?;
    }
    for (kind, count) in &report.counts {
        writeln!(out, "  {count:>8}  {kind}")?;
    }
    let parts = [
        ("Checked", &report.checked),
        ("Note", &report.notes),
        ("Not proved by this file", &report.not_proved),
    ];
    for (title, sentences) in parts.into_iter().filter(|(_, sentences)| !sentences.is_empty()) {
        writeln!(out, "\n{title}:")?;
        for sentence in sentences {
            writeln!(out, "  - {sentence}")?;
        }
    }
    Ok(())
}

fn painted(text: &str, colour: &str) -> String {
    let wanted = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if wanted { format!("\x1b[1;{colour}m{text}\x1b[0m") } else { text.to_owned() }
}
