//! Controller and agent on this machine, from the first start to the last word.

use std::ffi::OsString;
use std::fs::File;
use std::time::Duration;

use cloister_api::{NodeList, NodeState, paths};
use secrecy::SecretString;

use super::children::Child;
use super::files::read_text;
use super::layout::{Endpoints, Layout};
use crate::client::Client;
use crate::commands::join_token;
use crate::config::{Config, Context, Selection, Target, write_private};
use crate::error::CliError;
use crate::limits::{CONTROLLER_READY_TIMEOUT, KEY_FILE_BYTES_MAX, NODE_READY_TIMEOUT, POLL_INTERVAL};
use crate::output::Output;
use crate::render::progress::{bars, spinner};

/// Where to listen.
#[derive(Debug, Clone)]
pub(crate) struct Listeners {
    pub(crate) http: String,
    pub(crate) grpc: String,
    pub(crate) agents: String,
}

/// A running fleet of one machine. Dropping it kills both processes; [`Fleet::stop`] is kinder.
#[derive(Debug)]
pub(crate) struct Fleet {
    controller: Child,
    agent: Child,
    pub(crate) endpoints: Endpoints,
    pub(crate) client: Client,
    pub(crate) audit_vkey: String,
    /// Keeps a second `up` off the same folder.
    _lock: File,
}

impl Fleet {
    pub(crate) async fn start(
        layout: &Layout,
        listeners: &Listeners,
        output: &Output,
    ) -> Result<Self, CliError> {
        layout.make()?;
        let lock = layout.lock()?;
        let bars = bars(output);
        let bar = spinner(&bars, "starting the controller");
        let started = Self::start_locked(layout, listeners, lock, &bar).await;
        bar.finish_and_clear();
        started
    }

    async fn start_locked(
        layout: &Layout,
        listeners: &Listeners,
        lock: File,
        bar: &indicatif::ProgressBar,
    ) -> Result<Self, CliError> {
        // An old file would send us to an old port.
        let _ = std::fs::remove_file(layout.endpoints_file());
        let mut controller = start_controller(layout, listeners)?;
        let endpoints = wait_for_endpoints(layout, &mut controller).await?;
        let key = read_text(&layout.admin_key_file(), KEY_FILE_BYTES_MAX)?;
        let audit_vkey = read_text(&layout.audit_vkey_file(), KEY_FILE_BYTES_MAX)?.trim().to_string();
        let client = Client::new(Target {
            url: url_of(&endpoints.http),
            key: Some(SecretString::from(key.trim().to_string())),
            ca_file: None,
            audit_vkey: Some(audit_vkey.clone()),
        })?;
        wait_until_ready(&client, &mut controller).await?;
        bar.set_message("joining this machine");
        let mut agent = start_agent(layout, &endpoints, &client).await?;
        wait_for_node(&client, &mut controller, &mut agent).await?;
        // It was good for one use, which it has had.
        let _ = std::fs::remove_file(layout.join_file());
        Ok(Self { controller, agent, endpoints, client, audit_vkey, _lock: lock })
    }

    /// Remembers this fleet as the context `local`, in `selection`'s configuration file.
    pub(crate) fn remember(&self, layout: &Layout, selection: &Selection) -> Result<(), CliError> {
        let path = selection.path()?;
        let mut config = Config::load(&path)?;
        config.set(
            "local",
            Context {
                url: self.client.target().url.clone(),
                key: None,
                key_file: Some(layout.admin_key_file()),
                ca_file: None,
                audit_vkey: Some(self.audit_vkey.clone()),
            },
        );
        config.save(&path)
    }

    /// Waits until one of the two ends unasked.
    pub(crate) async fn fault(&mut self) -> CliError {
        tokio::select! {
            error = self.controller.ended() => error,
            error = self.agent.ended() => error,
        }
    }

    /// Stops the agent, which drains its replicas, then the controller.
    pub(crate) async fn stop(self) -> Result<(), CliError> {
        let agent = self.agent.stop().await;
        let controller = self.controller.stop().await;
        agent.and(controller)
    }
}

fn start_controller(layout: &Layout, listeners: &Listeners) -> Result<Child, CliError> {
    let arguments: Vec<OsString> = vec![
        "--data".into(),
        layout.controller().into(),
        "--http".into(),
        (&listeners.http).into(),
        "--grpc".into(),
        (&listeners.grpc).into(),
        "--agents".into(),
        (&listeners.agents).into(),
        "--stop-with-parent".into(),
    ];
    Child::start("cloister-controller", &arguments, layout.log_file("controller"))
}

async fn start_agent(layout: &Layout, endpoints: &Endpoints, client: &Client) -> Result<Child, CliError> {
    let mut arguments: Vec<OsString> = vec![
        "--data".into(),
        layout.agent().into(),
        "--name".into(),
        "this-machine".into(),
        // The port may be another one than at the last start.
        "--controller".into(),
        endpoints.agents.clone().into(),
        "--stop-with-parent".into(),
    ];
    if !layout.agent_identity_file().is_file() {
        let token = join_token(client, 600).await?;
        write_private(&layout.join_file(), token.token.as_bytes())?;
        arguments.extend(["--join-file".into(), layout.join_file().into()]);
    }
    Child::start("cloister-agent", &arguments, layout.log_file("agent"))
}

/// Waits for a condition that a child brings about, or for the child's end.
async fn wait<T>(
    child: &mut Child,
    timeout: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> Result<T, CliError> {
    let deadline = tokio::time::Instant::now() + timeout;
    loop {
        if let Some(value) = ask().await {
            return Ok(value);
        }
        if let Some(error) = child.has_ended() {
            return Err(error);
        }
        if tokio::time::Instant::now() > deadline {
            return Err(CliError::new(format!("{what} took longer than {} s", timeout.as_secs())));
        }
        tokio::time::sleep(POLL_INTERVAL / 5).await;
    }
}

async fn wait_for_endpoints(layout: &Layout, controller: &mut Child) -> Result<Endpoints, CliError> {
    wait(controller, CONTROLLER_READY_TIMEOUT, "the controller's start", async || layout.endpoints()).await
}

async fn wait_until_ready(client: &Client, controller: &mut Child) -> Result<(), CliError> {
    wait(controller, CONTROLLER_READY_TIMEOUT, "the controller's start", async || {
        client.send(client.request(reqwest::Method::GET, "/readyz")).await.ok().map(|_| ())
    })
    .await
}

async fn wait_for_node(client: &Client, controller: &mut Child, agent: &mut Child) -> Result<(), CliError> {
    let ready = wait(agent, NODE_READY_TIMEOUT, "joining this machine to the fleet", async || {
        let list: NodeList = client.get(paths::NODES).await.ok()?;
        list.nodes.iter().any(|n| n.state == NodeState::Ready).then_some(())
    })
    .await;
    // When the controller is gone, its words are the ones that explain.
    ready.map_err(|error| controller.has_ended().unwrap_or(error))
}

/// An address or a URL as a URL.
fn url_of(address: &str) -> String {
    if address.contains("://") { address.to_string() } else { format!("http://{address}") }
}
