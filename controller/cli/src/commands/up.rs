//! `cloister up`

use std::path::PathBuf;

use clap::Args;

use crate::commands::first_way_in;
use crate::config::Selection;
use crate::error::CliError;
use crate::local::children::invoked_as;
use crate::local::fleet::{Fleet, Listeners};
use crate::local::layout::Layout;
use crate::output::{Output, Style};
use crate::render::table::pairs;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister up
  cloister up --data /srv/cloister --http 127.0.0.1:8080

The context `local` is written to your configuration, so that every other command finds this fleet.")]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Leave the configuration file as it is
    #[arg(long)]
    no_context: bool,
}

/// Where a fleet on this machine lives and listens.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Everything is kept here [default: ~/.local/share/cloister]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// OpenAI-compatible HTTP and the REST API
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7080")]
    http: String,
    /// gRPC
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7081")]
    grpc: String,
    /// Where node agents connect to, over mutual TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7082")]
    agents: String,
}

impl Place {
    pub(crate) fn listeners(&self) -> Listeners {
        Listeners { http: self.http.clone(), grpc: self.grpc.clone(), agents: self.agents.clone() }
    }
}

impl Up {
    pub(crate) async fn run(self, selection: &Selection, output: &Output) -> Result<(), CliError> {
        let layout = Layout::new(self.place.data.clone())?;
        let mut stop = StopSignal::new()?;
        let listeners = self.place.listeners();
        let mut fleet = tokio::select! {
            fleet = Fleet::start(&layout, &listeners, output) => fleet?,
            () = stop.received() => return Ok(()),
        };
        if !self.no_context {
            fleet.remember(&layout, selection)?;
        }
        let console = first_way_in(&fleet.client).await;
        output.say(&summary(&fleet, &layout, &console, output));
        let fault = tokio::select! {
            fault = fleet.fault() => Some(fault),
            () = stop.received() => None,
        };
        output.say(&output.paint_err(Style::Dim, "stopping: replicas finish what they are saying"));
        let stopped = fleet.stop().await;
        fault.map_or(stopped, Err)
    }
}

pub(crate) fn summary(fleet: &Fleet, layout: &Layout, console: &str, output: &Output) -> String {
    let bold = |text: &str| output.paint_err(Style::Bold, text);
    let url = &fleet.client.target().url;
    let where_things_are = pairs([
        ("  OpenAI and REST", url.clone()),
        ("  gRPC", fleet.endpoints.grpc.clone()),
        ("  data", layout.root().display().to_string()),
        ("  logs", layout.root().join("logs").display().to_string()),
        ("  admin key", layout.admin_key_file().display().to_string()),
    ]);
    let cloister = invoked_as();
    format!(
        "{}\n{where_things_are}\n\n{}\n  {console}\n\n{}\n  {cloister} nodes\n  {cloister} model keygen\n  {cloister} model --help\n  {cloister} deploy --help\n\nCtrl-C stops everything.",
        bold("Cloister is up."),
        bold("The console; this link lets you in once:"),
        bold("In another terminal:"),
    )
}

/// Ctrl-C or a polite kill.
pub(crate) struct StopSignal {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl StopSignal {
    pub(crate) fn new() -> Result<Self, CliError> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| CliError::new(format!("signals cannot be received: {error}")))
        };
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
