//! `cloister-audit show`

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use cloister_evidence::{
    file::{EvidenceKind, EvidenceReader},
    record::Record,
    tell::tell,
};

use super::{Ending, open_evidence};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The evidence file
    file: PathBuf,
    /// Tell this record alone: its identifier, or its number in the log
    #[arg(long)]
    record: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Ending> {
    let mut file = EvidenceReader::new(open_evidence(&arguments.file)?);
    let kind = file.header()?.kind;
    let mut out = io::stdout().lock();
    let mut told = 0_u64;
    while let Some(leaf) = file.leaf()? {
        let record = Record::parse(&leaf).with_context(|| format!("line {}", file.line()))?;
        match kind {
            EvidenceKind::Log => file.leaf_hash().map(|_| ())?,
            EvidenceKind::Records => file.proof().map(|_| ())?,
        }
        if arguments.record.as_deref().is_none_or(|wanted| is_record(&record, wanted)) {
            writeln!(out, "{}", tell(&record))?;
            told += 1;
        }
    }
    if told == 0 {
        writeln!(out, "No such record in this file.")?;
        return Ok(Ending::Insufficient);
    }
    writeln!(out, "\nThis only reads the file. Whether it is genuine: cloister-audit verify")?;
    Ok(Ending::Holds)
}

fn is_record(record: &Record, wanted: &str) -> bool {
    record.id == wanted || record.seq.to_string() == wanted
}
