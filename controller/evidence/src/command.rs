//! The commands of `cloister-audit` and what they exit with.

mod open_commitment;
mod show;
mod verify;

use std::{
    fs::{self, File},
    io::{self, BufReader, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum};
use cloister_evidence::{checkpoint::LogVerifier, limits::MAX_VERIFIER_KEY_BYTES};

/// Check Cloister audit evidence offline, with nothing but the file and the log's verifier key.
#[derive(Debug, Parser)]
#[command(name = "cloister-audit", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes:\n  0  everything that was checked holds\n  1  tampered with, or inconsistent\n  \
    2  the evidence shows nothing (empty, or signed by another key)\n  3  not readable, or wrong usage";

#[derive(Debug, Subcommand)]
enum Command {
    /// Check an evidence file and say what was checked and what it does not prove
    Verify(verify::Arguments),
    /// Tell the records of an evidence file in sentences
    Show(show::Arguments),
    /// Check whether a text is the one that a record committed to
    OpenCommitment(open_commitment::Arguments),
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// What a command came to; each has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Holds,
    Tampered,
    Insufficient,
    Malformed,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Holds => 0,
            Ending::Tampered => 1,
            Ending::Insufficient => 2,
            Ending::Malformed => 3,
        })
    }
}

/// Reads the arguments, runs the command, writes errors to standard error.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing is left to do if even this cannot be written.
            let _ = error.print();
            return if error.use_stderr() { Ending::Malformed.into() } else { ExitCode::SUCCESS };
        }
    };
    let ended = match arguments.command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::OpenCommitment(arguments) => open_commitment::run(&arguments),
    };
    match ended {
        Ok(ending) => ending.into(),
        // A reader that closes the pipe (`| head`) has seen what it wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "cloister-audit: {error:#}");
            Ending::Malformed.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn open_evidence(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file =
        File::open(path).with_context(|| format!("cannot open the evidence file {}", path.display()))?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}

/// A verifier key given as the path of a file or as the text itself.
fn read_key(key: &str) -> anyhow::Result<LogVerifier> {
    let path = PathBuf::from(key);
    let text = if path.is_file() {
        if fs::metadata(&path)?.len() > MAX_VERIFIER_KEY_BYTES as u64 {
            bail!("{key} is too long to be a verifier key");
        }
        fs::read_to_string(&path).with_context(|| format!("cannot read the verifier key {key}"))?
    } else {
        key.to_owned()
    };
    LogVerifier::from_text(&text)
        .with_context(|| format!("{key:.80} is neither a file with a verifier key nor a verifier key"))
}
