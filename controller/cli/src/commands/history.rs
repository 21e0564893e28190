//! `cloister history`, `return`, `restart` and `events`

use std::collections::BTreeMap;

use clap::Args;
use cloister_api::limits::EVENTS_PAGE_MAX;
use cloister_api::{
    Deployment, DeploymentRevision, DeploymentRevisionList, ReplicaEvent, ReplicaEventPage, ReturnRequest,
    paths,
};
use jiff::Timestamp;

use super::deploy::{deployments, wait_ready};
use crate::client::Client;
use crate::error::CliError;
use crate::output::Output;
use crate::render::table::{dash, table};
use crate::render::units::{age, short_digest};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cloister history ward\n  cloister return ward --to 3 --wait")]
pub(crate) struct History {
    /// A deployment
    name: String,
}

impl History {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let list: DeploymentRevisionList = client.get(&paths::deployment_revisions(&self.name)).await?;
        output.data(&list.revisions, |_| revisions(&list.revisions))?;
        if list.revisions.is_empty() && output.is_watched() {
            output
                .say("no revision is kept: the deployment has not changed since this controller keeps them");
        }
        Ok(())
    }
}

fn revisions(revisions: &[DeploymentRevision]) -> String {
    let now = Timestamp::now();
    let before = revisions.iter().skip(1).map(Some).chain([None]);
    table(
        ["REVISION", "AGE", "BY", "MODEL", "REPLICAS", "CHANGE", "RECORD"],
        revisions.iter().zip(before).map(|(revision, before)| {
            [
                revision.revision.to_string(),
                age(&revision.at, now),
                revision.actor_name.clone().unwrap_or_else(|| revision.actor_id.clone()),
                revision.model_name.clone(),
                revision.replicas.to_string(),
                change(before, revision),
                revision.record_id.clone(),
            ]
        }),
    )
}

/// What a revision changed, in a few words.
fn change(before: Option<&DeploymentRevision>, after: &DeploymentRevision) -> String {
    let Some(before) = before.filter(|before| before.revision + 1 == after.revision) else {
        return if after.revision == 1 {
            "created".to_owned()
        } else {
            "what was before is not kept".to_owned()
        };
    };
    let mut words = Vec::new();
    if let Some(to) = after.returned_to {
        words.push(format!("returned to {to}"));
    }
    if before.restarts != after.restarts {
        words.push("restarted".to_owned());
    }
    if before.model_digest != after.model_digest {
        words.push(format!("model {} ({})", after.model_name, short_digest(&after.model_digest)));
    }
    let numbers = [
        ("replicas", before.replicas, after.replicas),
        ("context", before.context_length, after.context_length),
        ("sequences", before.max_sequences, after.max_sequences),
    ];
    let changed = numbers.into_iter().filter(|(_, before, after)| before != after);
    words.extend(changed.map(|(name, before, after)| format!("{name} {before} to {after}")));
    if before.jurisdiction != after.jurisdiction {
        words.push(format!("jurisdiction {}", dash(Some(&after.jurisdiction))));
    }
    if before.node_selector != after.node_selector {
        words.push(format!("labels {}", labels(&after.node_selector)));
    }
    words.join(", ")
}

fn labels(selector: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    dash(Some(&pairs.join(" ")))
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister history ward\n  cloister return ward --to 3 --wait")]
pub(crate) struct Return {
    /// A deployment
    name: String,
    /// The revision to return to, as `cloister history` lists it
    #[arg(long, value_name = "REVISION")]
    to: u64,
    /// Return when every replica runs what it ran then
    #[arg(long)]
    wait: bool,
}

impl Return {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let request = ReturnRequest { revision: self.to };
        let deployment: Deployment = client.post(&paths::deployment_return(&self.name), &request).await?;
        shown(client, deployment, self.wait, output).await
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister restart ward --wait")]
pub(crate) struct Restart {
    /// A deployment
    name: String,
    /// Return when every replica was replaced
    #[arg(long)]
    wait: bool,
}

impl Restart {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let nothing = serde_json::json!({});
        let deployment: Deployment = client.post(&paths::deployment_restart(&self.name), &nothing).await?;
        shown(client, deployment, self.wait, output).await
    }
}

async fn shown(
    client: &Client,
    mut deployment: Deployment,
    wait: bool,
    output: &Output,
) -> Result<(), CliError> {
    if wait {
        wait_ready(client, &deployment.name, output).await?;
        deployment = client.get(&paths::deployment(&deployment.name)).await?;
    }
    output.data(&deployment, |_| deployments(std::slice::from_ref(&deployment)))
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cloister events ward\n  cloister events ward --limit 200 -o json")]
pub(crate) struct Events {
    /// A deployment
    name: String,
    /// How many, the newest
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(EVENTS_PAGE_MAX)))]
    limit: u32,
}

impl Events {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let page: ReplicaEventPage =
            client.get(&paths::deployment_events(&self.name, self.limit, None)).await?;
        output.data(&page.events, |_| events(&page.events))
    }
}

fn events(events: &[ReplicaEvent]) -> String {
    let now = Timestamp::now();
    table(
        ["AGE", "REPLICA", "NODE", "EVENT", "WHAT"],
        events.iter().map(|event| {
            [
                age(&event.at, now),
                event.replica_id.clone(),
                dash(event.node_name.as_ref()),
                event.kind.to_string(),
                event.sentence.clone(),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(revision: u64) -> DeploymentRevision {
        DeploymentRevision {
            revision,
            at: String::new(),
            actor_kind: "account".to_owned(),
            actor_id: "01".to_owned(),
            actor_name: None,
            returned_to: None,
            model_name: "m".to_owned(),
            model_digest: "sha256:1".to_owned(),
            replicas: 1,
            context_length: 512,
            max_sequences: 16,
            kv_tokens: 1024,
            node_selector: BTreeMap::new(),
            jurisdiction: String::new(),
            restarts: 0,
            record_id: String::new(),
        }
    }

    #[test]
    fn a_revision_is_told_by_what_it_changed() {
        let scaled = DeploymentRevision { replicas: 3, jurisdiction: "DE".to_owned(), ..revision(2) };
        let back = DeploymentRevision { returned_to: Some(1), restarts: 1, ..revision(3) };
        let cases = [
            (None, revision(1), "created"),
            (None, revision(7), "what was before is not kept"),
            (Some(revision(1)), scaled.clone(), "replicas 1 to 3, jurisdiction DE"),
            (Some(scaled), back, "returned to 1, restarted, replicas 3 to 1, jurisdiction -"),
        ];
        for (before, after, told) in cases {
            assert_eq!(change(before.as_ref(), &after), told);
        }
    }
}
