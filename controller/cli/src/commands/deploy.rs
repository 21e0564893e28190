//! `cloister deploy`, `undeploy` and `deployments`

mod wait;

use std::collections::BTreeMap;

use clap::Args;
use cloister_api::{Changed, DeployRequest, Deployment, DeploymentList, paths};

use crate::client::Client;
use crate::error::CliError;
use crate::output::Output;
use crate::render::table::{dash, table};

pub(crate) use wait::wait_ready;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister deploy ward --model smollm2 --wait
  cloister deploy ward --model smollm2 --replicas 3 --jurisdiction DE
  cloister deploy ward --model smollm2 --node-selector disk=nvme")]
pub(crate) struct Deploy {
    /// Its name, which is also the model name that callers use
    name: String,
    /// A model's name or digest
    #[arg(long)]
    model: String,
    /// Running copies
    #[arg(long, default_value_t = 1)]
    replicas: u32,
    /// Longest prompt and answer together, in tokens [default: the model's, at most 8192]
    #[arg(
        long = "context-length",
        visible_alias = "context-tokens",
        value_name = "TOKENS",
        default_value_t = 0,
        hide_default_value = true
    )]
    context_length: u32,
    /// Sequences that one replica decodes at once [default: 16]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    max_sequences: u32,
    /// Only on nodes in this jurisdiction, e.g. DE or DE-HE
    #[arg(long, default_value = "", hide_default_value = true)]
    jurisdiction: String,
    /// Only on nodes with this label; repeat for more
    #[arg(long = "node-selector", value_name = "KEY=VALUE", value_parser = parse_pair)]
    node_selector: Vec<(String, String)>,
    /// The tenant that it is to belong to [default: yours, or the fleet itself]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Show the progress and return when every replica is ready
    #[arg(long)]
    wait: bool,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    if key.is_empty() { Err("the key is empty".into()) } else { Ok((key.into(), value.into())) }
}

impl Deploy {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let request = DeployRequest {
            model: self.model,
            replicas: self.replicas,
            context_length: self.context_length,
            max_sequences: self.max_sequences,
            node_selector: self.node_selector.into_iter().collect::<BTreeMap<_, _>>(),
            jurisdiction: self.jurisdiction,
            tenant: self.tenant,
        };
        let deployment = deploy(client, &self.name, &request).await?;
        if self.wait {
            wait_ready(client, &self.name, output).await?;
            let ready: Deployment = client.get(&paths::deployment(&self.name)).await?;
            return output.data(&ready, |_| deployments(std::slice::from_ref(&ready)));
        }
        output.data(&deployment, |_| deployments(std::slice::from_ref(&deployment)))
    }
}

pub(crate) async fn deploy(
    client: &Client,
    name: &str,
    request: &DeployRequest,
) -> Result<Deployment, CliError> {
    client.put(&paths::deployment(name), request).await
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister undeploy ward")]
pub(crate) struct Undeploy {
    name: String,
}

impl Undeploy {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let changed: Changed = client.delete(&paths::deployment(&self.name)).await?;
        output.data(&changed, |_| format!("removed; on record as {}", changed.record_id))
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let list: DeploymentList = client.get(paths::DEPLOYMENTS).await?;
        output.data(&list.deployments, |_| deployments(&list.deployments))
    }
}

pub(super) fn deployments(deployments: &[Deployment]) -> String {
    table(
        ["DEPLOYMENT", "MODEL", "READY", "CONTEXT", "JURISDICTION", "REVISION"],
        deployments.iter().map(|d| {
            [
                d.name.clone(),
                d.model_name.clone(),
                format!("{}/{}", d.ready_replicas, d.replicas),
                d.context_length.to_string(),
                dash(Some(&d.jurisdiction)),
                d.revision.to_string(),
            ]
        }),
    )
}
