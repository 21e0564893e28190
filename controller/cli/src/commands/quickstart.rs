//! `cloister quickstart`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::up::{Place, StopSignal};
use crate::commands::first_way_in;
use crate::config::Selection;
use crate::error::CliError;
use crate::local::children::invoked_as;
use crate::local::fleet::Fleet;
use crate::local::layout::Layout;
use crate::local::story;
use crate::output::{Output, Style};

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cloister quickstart --model SmolLM2-135M-Instruct.Q4_1.gguf

Everything is kept under --data; run it again and it goes on from there.")]
pub(crate) struct Quickstart {
    #[command(flatten)]
    place: Place,
    /// The model to sign and run, a GGUF
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Stop when the story is told [default: keep running when on a terminal]
    #[arg(long, conflicts_with = "keep")]
    stop: bool,
    /// Keep running until Ctrl-C
    #[arg(long)]
    keep: bool,
}

impl Quickstart {
    pub(crate) async fn run(self, selection: &Selection, output: &Output) -> Result<(), CliError> {
        if !self.model.is_file() {
            return Err(CliError::usage(format!("there is no file {}", self.model.display())));
        }
        let began = Instant::now();
        let layout = Layout::new(self.place.data.clone())?;
        let mut stop = StopSignal::new()?;
        let listeners = self.place.listeners();
        let mut fleet = tokio::select! {
            fleet = Fleet::start(&layout, &listeners, output) => fleet?,
            () = stop.received() => return Ok(()),
        };
        let told = tokio::select! {
            told = story::tell(&fleet, &layout, &self.model, began, output) => told,
            () = stop.received() => Ok(()),
        };
        let keep = self.keep || (!self.stop && std::io::stdin().is_terminal() && output.is_watched());
        if told.is_ok() && keep {
            fleet.remember(&layout, selection)?;
            let console = first_way_in(&fleet.client).await;
            output.say(&next_while_running(&console, output));
            tokio::select! {
                fault = fleet.fault() => { fleet.stop().await?; return Err(fault); }
                () = stop.received() => {}
            }
        }
        let stopped = fleet.stop().await;
        told.and(stopped)?;
        if !keep {
            output.say(&next_when_stopped(&layout, output));
        }
        Ok(())
    }
}

fn next_while_running(console: &str, output: &Output) -> String {
    let (cloister, deployment) = (invoked_as(), story::DEPLOYMENT);
    format!(
        "\n{}\n  {console}\n\n{}\n  {cloister} chat {deployment}\n  {cloister} ps\n  {cloister} explain REPLICA\n  {cloister} audit list\n\nThe fleet runs until Ctrl-C.",
        output.paint_err(Style::Bold, "The console; this link lets you in once"),
        output.paint_err(Style::Bold, "Try next, in another terminal"),
    )
}

fn next_when_stopped(layout: &Layout, output: &Output) -> String {
    let (cloister, deployment) = (invoked_as(), story::DEPLOYMENT);
    format!(
        "\n{}\n  {cloister} up --data {}      start this fleet again; then, in another terminal:\n  {cloister} chat {deployment}\n  {cloister} audit list",
        output.paint_err(Style::Bold, "Try next"),
        layout.root().display(),
    )
}
