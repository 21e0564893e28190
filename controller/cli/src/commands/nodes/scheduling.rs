//! `cloister nodes cordon`, `drain`, `uncordon`, and what a change of a node would do.

use std::time::Instant;

use clap::Args;
use cloister_api::{
    Drain, Node, NodeChange, NodeList, NodePreview, Outcome, Prospect, SchedulingRequest, SchedulingState,
    paths,
};

use super::nodes;
use crate::client::Client;
use crate::error::CliError;
use crate::limits::{DRAIN_STALL_TIMEOUT, POLL_INTERVAL};
use crate::output::{Output, Style};
use crate::render::progress::{bars, spinner};
use crate::render::table::{dash, table};

/// Nodes named in a sentence on why none of them takes a replica.
const NODES_NAMED_MAX: usize = 3;

#[derive(Debug, Args)]
pub(crate) struct Cordon {
    /// Name or id
    node: String,
    /// Show what it would do, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Drained {
    /// Name or id
    node: String,
    /// Show what it would do, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Also end the replicas that no other node can take
    #[arg(long)]
    force: bool,
    /// Wait until nothing is left on it
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Uncordon {
    /// Name or id
    node: String,
}

impl Cordon {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        if self.dry_run {
            return dry_run(client, output, &self.node, NodeChange::Cordon, false).await;
        }
        let node = schedule(client, &self.node, SchedulingState::Cordoned, false).await?;
        show(output, &node)
    }
}

impl Drained {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        if self.dry_run {
            return dry_run(client, output, &self.node, NodeChange::Drain, self.force).await;
        }
        let node = schedule(client, &self.node, SchedulingState::Draining, self.force).await?;
        match self.wait {
            true => show(output, &wait_empty(client, &node.id, output).await?),
            false => show(output, &node),
        }
    }
}

impl Uncordon {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let node = schedule(client, &self.node, SchedulingState::Open, false).await?;
        show(output, &node)
    }
}

async fn schedule(
    client: &Client,
    node: &str,
    state: SchedulingState,
    force: bool,
) -> Result<Node, CliError> {
    client.put(&paths::node_scheduling(node), &SchedulingRequest { state, force }).await
}

fn show(output: &Output, node: &Node) -> Result<(), CliError> {
    output.data(node, |_| nodes(std::slice::from_ref(node)))?;
    if let Some(record_id) = &node.record_id {
        output.say(&output.paint_err(Style::Dim, &format!("on record as {record_id}")));
    }
    Ok(())
}

/// Asks what `change` would do to the replicas on a node, and prints it.
pub(super) async fn dry_run(
    client: &Client,
    output: &Output,
    node: &str,
    change: NodeChange,
    force: bool,
) -> Result<(), CliError> {
    let preview: NodePreview = client.get(&paths::node_preview(node, change, force)).await?;
    output.data(&preview, |_| prospects(&preview.replicas))?;
    if preview.replicas.is_empty() {
        output.say(&format!("no replica is on {}", preview.node_name));
    }
    Ok(())
}

fn prospects(replicas: &[Prospect]) -> String {
    table(
        ["REPLICA", "DEPLOYMENT", "OUTCOME", "TO", "LOAD", "WHY"],
        replicas.iter().map(|one| {
            [
                one.replica_id.clone(),
                one.deployment.clone(),
                one.outcome.to_string(),
                dash(one.to_node_name.as_ref()),
                format!("{}+{}", one.running, one.waiting),
                why(one),
            ]
        }),
    )
}

/// The reason; where no node can take the replica, also what stands in the way of the first few.
fn why(prospect: &Prospect) -> String {
    if !matches!(prospect.outcome, Outcome::Stays | Outcome::Unplaced) {
        return prospect.reason.clone();
    }
    let named = prospect.nodes.iter().take(NODES_NAMED_MAX);
    let mut parts: Vec<_> = named.map(|node| format!("{} {}", node.node_name, node.reason)).collect();
    let more = prospect.nodes.len().saturating_sub(NODES_NAMED_MAX);
    parts.extend((more > 0).then(|| format!("and {more} more")));
    match parts.is_empty() {
        true => prospect.reason.clone(),
        false => format!("{}: {}", prospect.reason, parts.join("; ")),
    }
}

/// Returns when no replica is left on the node; fails when the rest finds no other node.
async fn wait_empty(client: &Client, id: &str, output: &Output) -> Result<Node, CliError> {
    let bars = bars(output);
    let bar = spinner(&bars, "draining");
    let (mut seen, mut changed) = (None, Instant::now());
    let outcome = loop {
        let list: NodeList = client.get(paths::NODES).await?;
        let Some(node) = list.nodes.into_iter().find(|node| node.id == id) else {
            break Err(CliError::new("the node is gone from the fleet"));
        };
        let Some(drain) = node.drain else {
            break Err(CliError::new(format!(
                "{} is not drained any more: it is {}",
                node.name,
                state(&node)
            )));
        };
        if drain.replicas_left == 0 {
            break Ok(node);
        }
        if drain.replicas_held == drain.replicas_left {
            break Err(held(&node, drain));
        }
        if seen != Some(drain) {
            (seen, changed) = (Some(drain), Instant::now());
            bar.set_message(state(&node));
        } else if changed.elapsed() > DRAIN_STALL_TIMEOUT {
            break Err(stalled(&node, drain));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    };
    bar.finish_and_clear();
    outcome
}

fn held(node: &Node, drain: Drain) -> CliError {
    let (name, count) = (&node.name, drain.replicas_held);
    let what = match count {
        1 => format!("a replica on {name} finds no other node: it stays until one can take it"),
        _ => format!("{count} replicas on {name} find no other node: they stay until one can take them"),
    };
    CliError::new(what).next(format!(
        "cloister nodes drain {name} --dry-run says why; --force ends them, cloister nodes uncordon {name} leaves them"
    ))
}

fn stalled(node: &Node, drain: Drain) -> CliError {
    let (name, left, seconds) = (&node.name, drain.replicas_left, DRAIN_STALL_TIMEOUT.as_secs());
    CliError::new(format!("the drain of {name} made no progress for {seconds} s; replicas left: {left}"))
        .next("cloister ps, to see what they and those in their place are doing")
}

/// "ready, draining: 2 left, 1 held"
pub(super) fn state(node: &Node) -> String {
    match (node.scheduling, node.drain) {
        (SchedulingState::Open, _) => node.state.to_string(),
        (_, Some(Drain { replicas_left: 0, .. })) => format!("{}, drained", node.state),
        (_, Some(Drain { replicas_left, replicas_held: 0, .. })) => {
            format!("{}, draining: {replicas_left} left", node.state)
        }
        (_, Some(Drain { replicas_left, replicas_held, .. })) => {
            format!("{}, draining: {replicas_left} left, {replicas_held} held", node.state)
        }
        (scheduling, None) => format!("{}, {scheduling}", node.state),
    }
}

#[cfg(test)]
mod tests {
    use cloister_api::NodeVerdict;

    use super::*;

    fn prospect(outcome: Outcome, nodes: usize) -> Prospect {
        let verdict = |number: usize| NodeVerdict {
            node_name: format!("n{number}"),
            chosen: false,
            admissible: false,
            reason: "is cordoned".to_owned(),
        };
        Prospect {
            replica_id: "r".to_owned(),
            deployment: "chat".to_owned(),
            outcome,
            to_node_name: None,
            reason: "none can take it".to_owned(),
            nodes: (1..=nodes).map(verdict).collect(),
            running: 2,
            waiting: 1,
        }
    }

    #[test]
    fn what_finds_no_node_is_told_with_what_stands_in_the_way() {
        assert_eq!(why(&prospect(Outcome::Unplaced, 1)), "none can take it: n1 is cordoned");
        let five = "none can take it: n1 is cordoned; n2 is cordoned; n3 is cordoned; and 2 more";
        assert_eq!(why(&prospect(Outcome::Stays, 5)), five);
        assert_eq!(why(&prospect(Outcome::Moves, 5)), "none can take it");
        assert!(prospects(&[prospect(Outcome::Moves, 0)]).contains("2+1"));
    }

    #[test]
    fn the_state_of_a_node_says_how_far_a_drain_has_come() {
        let node = |scheduling: &str, drain: serde_json::Value| -> Node {
            let node = serde_json::json!({
                "id": "1", "name": "n", "state": "ready", "scheduling": scheduling, "drain": drain, "region": "",
                "jurisdiction": "", "labels": {}, "gpus": [], "certificate_expires_at": "", "generation": 1, "replicas": 2,
            });
            serde_json::from_value(node).unwrap()
        };
        let drain =
            |left, held| serde_json::json!({"force": false, "replicas_left": left, "replicas_held": held});
        let cases = [
            ("open", serde_json::Value::Null, "ready"),
            ("cordoned", serde_json::Value::Null, "ready, cordoned"),
            ("draining", drain(2, 0), "ready, draining: 2 left"),
            ("draining", drain(2, 1), "ready, draining: 2 left, 1 held"),
            ("draining", drain(0, 0), "ready, drained"),
        ];
        for (scheduling, drain, told) in cases {
            assert_eq!(state(&node(scheduling, drain)), told);
        }
    }
}
