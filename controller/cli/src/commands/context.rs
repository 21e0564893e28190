//! `cloister context`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::config::{Config, Context as Entry, Selection};
use crate::error::{CliError, Doing};
use crate::output::Output;
use crate::render::table::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Context {
    /// Which controllers this machine knows
    List,
    /// Make a context the current one
    Use { name: String },
    /// Write a context from --url, --api-key or --api-key-file, and --ca-file (or their variables)
    #[command(
        after_help = "Examples:\n  CLOISTER_KEY=clk_… cloister context set ward --url https://cloister.ward:7080\n  \
                      cloister context set ward --url https://cloister.ward:7080 --api-key-file ward.key --ca-file ward-ca.pem"
    )]
    Set { name: String },
    /// Forget a context
    Rm { name: String },
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    current: bool,
    url: &'a str,
    has_key: bool,
    audit_key_pinned: bool,
}

impl Context {
    pub(crate) fn run(self, selection: &Selection, output: &Output) -> Result<(), CliError> {
        let path = selection.path()?;
        let mut config = Config::load(&path)?;
        match self {
            Self::List => return list(&config, output),
            Self::Use { name } => {
                known(&config, &name)?;
                config.current = Some(name);
            }
            Self::Set { name } => {
                let url = selection
                    .url
                    .clone()
                    .ok_or_else(|| CliError::usage("a context needs an address").next("add --url URL"))?;
                let key = selection.key.as_ref().map(|k| k.expose_secret().to_string());
                let audit_vkey = config.contexts.get(&name).and_then(|c| c.audit_vkey.clone());
                // Whatever folder the next command is typed in.
                let [key_file, ca_file] =
                    [&selection.key_file, &selection.ca_file].map(|file| file.as_deref().map(absolute));
                let key_file = key_file.filter(|_| key.is_none()).transpose()?;
                config.set(&name, Entry { url, key, key_file, ca_file: ca_file.transpose()?, audit_vkey });
            }
            Self::Rm { name } => {
                known(&config, &name)?;
                config.contexts.remove(&name);
                config.current = config.current.filter(|current| *current != name);
            }
        }
        config.save(&path)
    }
}

fn absolute(file: &Path) -> Result<PathBuf, CliError> {
    std::fs::canonicalize(file).doing(|| format!("{} could not be read", file.display()))
}

fn known(config: &Config, name: &str) -> Result<(), CliError> {
    if config.contexts.contains_key(name) {
        return Ok(());
    }
    Err(CliError::usage(format!("there is no context {name:?}")).next("cloister context list"))
}

fn list(config: &Config, output: &Output) -> Result<(), CliError> {
    let rows: Vec<_> = config
        .contexts
        .iter()
        .map(|(name, context)| Row {
            name,
            current: config.current.as_ref() == Some(name),
            url: &context.url,
            has_key: context.key.is_some() || context.key_file.is_some(),
            audit_key_pinned: context.audit_vkey.is_some(),
        })
        .collect();
    output.data(&rows, |_| {
        let yes = |b: bool| if b { "yes" } else { "no" }.to_string();
        table(
            ["CURRENT", "NAME", "URL", "KEY", "AUDIT KEY"],
            rows.iter().map(|r| {
                let current = if r.current { "*" } else { "" }.to_string();
                [current, r.name.to_string(), r.url.to_string(), yes(r.has_key), yes(r.audit_key_pinned)]
            }),
        )
    })
}
