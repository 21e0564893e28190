//! The one way out: data on stdout, everything said to a person on stderr, colour only on a terminal.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

use crate::error::CliError;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people.
    Table,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Good,
    Bad,
}

#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    colour_out: bool,
    colour_err: bool,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        Self {
            format,
            colour_out: wanted && std::io::stdout().is_terminal(),
            colour_err: wanted && std::io::stderr().is_terminal(),
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether a person watches stderr: progress is drawn only then.
    pub(crate) fn is_watched(&self) -> bool {
        std::io::stderr().is_terminal()
    }

    /// Prints data: as JSON or YAML, or by `table` for people.
    pub(crate) fn data<T: Serialize + ?Sized>(
        &self,
        value: &T,
        table: impl FnOnce(&Self) -> String,
    ) -> Result<(), CliError> {
        let text = match self.format {
            Format::Table => table(self),
            Format::Json => serde_json::to_string_pretty(value).map_err(unprintable)?,
            Format::Yaml => serde_yaml_ng::to_string(value).map_err(unprintable)?,
        };
        self.line(text.trim_end());
        Ok(())
    }

    /// A line of data.
    pub(crate) fn line(&self, text: &str) {
        self.text(&format!("{text}\n"));
    }

    /// Data without a line's end, shown at once: a streamed answer.
    pub(crate) fn text(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            // The reader went away (`cloister ps | head`): nothing is left to do, and no one to tell.
            std::process::exit(0);
        }
    }

    /// A line to the person, not data.
    pub(crate) fn say(&self, text: &str) {
        // Without a stderr there is no one to tell.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        paint(self.colour_out, style, text)
    }

    pub(crate) fn paint_err(&self, style: Style, text: &str) -> String {
        paint(self.colour_err, style, text)
    }

    /// Prints an error as a person reads it and gives the exit status.
    pub(crate) fn fail(&self, error: &CliError) -> ExitCode {
        self.say(&format!("{} {}", self.paint_err(Style::Bad, "error:"), error.what));
        if let Some(next) = &error.next {
            self.say(&format!("{} {next}", self.paint_err(Style::Bold, " next:")));
        }
        ExitCode::from(error.status)
    }
}

fn unprintable(error: impl std::fmt::Display) -> CliError {
    CliError::new(format!("the answer could not be printed: {error}"))
}

fn paint(colour: bool, style: Style, text: &str) -> String {
    let code = match style {
        Style::Bold => "1",
        Style::Dim => "2",
        Style::Good => "32",
        Style::Bad => "31",
    };
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_written_only_when_wanted() {
        assert_eq!(paint(false, Style::Bad, "no"), "no");
        assert_eq!(paint(true, Style::Bad, "no"), "\x1b[31mno\x1b[0m");
    }
}
