//! `cloister-audit open-commitment`

use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use cloister_evidence::commitment::{Salt, opens};
use zeroize::Zeroizing;

use super::Ending;

/// Largest text that is compared, in bytes; far above what a request may carry.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The commitment as the record has it (base64)
    #[arg(long)]
    commitment: String,
    /// File with the commitment's salt (base64 of 32 bytes)
    #[arg(long)]
    salt_file: PathBuf,
    /// File with the text, byte for byte; "-" reads standard input
    #[arg(long)]
    text_file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Ending> {
    // Salt and text come from files: on a command line every user of the machine could read them.
    let salt = Zeroizing::new(String::from_utf8(read(&arguments.salt_file, 256)?.to_vec())?);
    let salt = Salt::from_base64(salt.trim_end())?;
    let text = read(&arguments.text_file, MAX_TEXT_BYTES)?;
    let mut out = io::stdout().lock();
    if opens(&arguments.commitment, &salt, &text) {
        writeln!(out, "OK\nThe text is the one that was committed to.")?;
        return Ok(Ending::Holds);
    }
    writeln!(
        out,
        "NO MATCH\nText and salt are not what was committed to; one of them differs, if only by a line end."
    )?;
    Ok(Ending::Tampered)
}

fn read(path: &PathBuf, limit_bytes: u64) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?)
    };
    source.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes {
        bail!("{} is larger than {limit_bytes} bytes", path.display());
    }
    Ok(bytes)
}
