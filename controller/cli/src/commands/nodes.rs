//! `cloister nodes`

mod scheduling;

use clap::{Args, Subcommand};
use cloister_api::{Changed, JoinToken, JoinTokenRequest, Node, NodeChange, NodeList, paths};
use jiff::Timestamp;

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::table::{dash, table};
use crate::render::units::{age, bytes, parse_duration_s};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister nodes
  cloister nodes join-token --valid-for 1h
  cloister nodes drain node-7 --dry-run
  cloister nodes drain node-7 --wait
  cloister nodes uncordon node-7
  cloister nodes revoke node-7")]
pub(crate) struct Nodes {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Machines of the fleet
    List,
    /// A token with which one machine may join, once
    JoinToken {
        #[arg(long, value_parser = parse_duration_s, default_value = "1h", value_name = "TIME")]
        valid_for: u64,
    },
    /// Place nothing new on a machine; what runs there stays
    Cordon(scheduling::Cordon),
    /// Empty a machine: each replica goes once another serves in its place and its own requests have ended
    Drain(scheduling::Drained),
    /// Let a machine that is cordoned or drained take replicas again
    Uncordon(scheduling::Uncordon),
    /// Shut a machine out: its certificate is refused from now on
    Revoke {
        /// Name or id
        node: String,
        /// Show what it would do, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
}

impl Nodes {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        match self.action.unwrap_or(Action::List) {
            Action::List => {
                let list: NodeList = client.get(paths::NODES).await?;
                output.data(&list.nodes, |_| nodes(&list.nodes))
            }
            Action::JoinToken { valid_for } => {
                let token = join_token(client, valid_for).await?;
                output.data(&token, |_| token.token.clone())?;
                output.say(&output.paint_err(
                    Style::Dim,
                    &format!(
                        "valid once, until {}; on the new machine: cloister-agent --join TOKEN",
                        token.expires_at
                    ),
                ));
                Ok(())
            }
            Action::Cordon(cordon) => cordon.run(client, output).await,
            Action::Drain(drain) => drain.run(client, output).await,
            Action::Uncordon(uncordon) => uncordon.run(client, output).await,
            Action::Revoke { node, dry_run: true } => {
                scheduling::dry_run(client, output, &node, NodeChange::Revoke, false).await
            }
            Action::Revoke { node, dry_run: false } => {
                let path = paths::node_revocation(&node);
                let changed: Changed = client.post(&path, &serde_json::json!({})).await?;
                output.data(&changed, |_| format!("revoked; on record as {}", changed.record_id))
            }
        }
    }
}

pub(crate) async fn join_token(client: &Client, valid_for_s: u64) -> Result<JoinToken, CliError> {
    let valid_for_s =
        u32::try_from(valid_for_s).map_err(|_| CliError::usage("a join token lives 7 days at most"))?;
    client.post(paths::JOIN_TOKENS, &JoinTokenRequest { valid_for_s }).await
}

fn nodes(nodes: &[Node]) -> String {
    let now = Timestamp::now();
    table(
        ["NODE", "STATE", "JURISDICTION", "REGION", "CPU", "ISA", "MEMORY FREE", "GPUS", "REPLICAS", "SEEN"],
        nodes.iter().map(|n| {
            [
                n.name.clone(),
                scheduling::state(n),
                dash(Some(&n.jurisdiction)),
                dash(Some(&n.region)),
                match (n.cores, &n.cpu) {
                    (Some(cores), Some(cpu)) => format!("{cores} × {cpu}"),
                    _ => dash(n.cpu.as_ref()),
                },
                dash(n.isa.as_ref()),
                match (n.memory_available_bytes, n.memory_total_bytes) {
                    (Some(free), Some(total)) => format!("{} of {}", bytes(free), bytes(total)),
                    _ => "-".into(),
                },
                if n.gpus.is_empty() { "-".into() } else { n.gpus.join(", ") },
                n.replicas.to_string(),
                n.last_seen_at.as_deref().map_or("-".into(), |t| age(t, now)),
            ]
        }),
    )
}
