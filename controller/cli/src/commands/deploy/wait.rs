//! Watching replicas until they are ready.

use std::collections::HashMap;
use std::time::Instant;

use cloister_api::{Deployment, Phase, Replica, ReplicaList, paths};
use indicatif::{MultiProgress, ProgressBar};

use crate::client::Client;
use crate::error::CliError;
use crate::limits::{DEPLOY_STALL_TIMEOUT, POLL_INTERVAL};
use crate::output::Output;
use crate::render::progress::{as_bytes, as_spinner, bars, spinner};

/// Returns when as many replicas as are wanted run what is wanted now; fails with the reason when one cannot be.
pub(crate) async fn wait_ready(client: &Client, name: &str, output: &Output) -> Result<(), CliError> {
    let mut view = View { bars: bars(output), by_replica: HashMap::new() };
    let mut seen = Vec::new();
    let mut changed = Instant::now();
    loop {
        let deployment: Deployment = client.get(&paths::deployment(name)).await?;
        let list: ReplicaList = client.get(&paths::replicas(Some(name))).await?;
        view.show(&list.replicas);
        if deployment.updated_replicas >= deployment.replicas {
            view.clear();
            return Ok(());
        }
        if let Some(replica) = list.replicas.iter().find(|r| cannot_run(r)) {
            view.clear();
            return Err(stuck(replica));
        }
        let now: Vec<_> = list.replicas.iter().map(|r| (r.phase, r.progress_bytes)).collect();
        if now != seen {
            (seen, changed) = (now, Instant::now());
        } else if changed.elapsed() > DEPLOY_STALL_TIMEOUT {
            view.clear();
            return Err(stalled(name, &list.replicas));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Waiting longer would change nothing.
fn cannot_run(replica: &Replica) -> bool {
    let crashed_for_good = replica.phase == Phase::Crashed && replica.restarts >= 3;
    let nowhere = replica.phase == Phase::Unplaced && replica.error.is_some();
    replica.phase == Phase::Refused || crashed_for_good || nowhere
}

fn stuck(replica: &Replica) -> CliError {
    let why = replica.error.as_deref().unwrap_or("no reason was given");
    CliError::new(format!("replica {} is {}: {why}", replica.id, replica.phase))
        .next(format!("cloister explain {}", replica.id))
}

fn stalled(name: &str, replicas: &[Replica]) -> CliError {
    let seconds = DEPLOY_STALL_TIMEOUT.as_secs();
    let error = CliError::new(format!("{name} made no progress for {seconds} s"));
    match replicas.iter().find(|r| r.phase != Phase::Ready) {
        Some(replica) => error.next(format!("cloister explain {}", replica.id)),
        None => error.next("cloister nodes, to see whether a machine can take it"),
    }
}

/// A bar per replica.
struct View {
    bars: MultiProgress,
    by_replica: HashMap<String, (ProgressBar, Option<Phase>)>,
}

impl View {
    fn show(&mut self, replicas: &[Replica]) {
        for replica in replicas {
            let (bar, shown) = self
                .by_replica
                .entry(replica.id.clone())
                .or_insert_with(|| (spinner(&self.bars, "waiting"), None));
            if *shown != Some(replica.phase) {
                *shown = Some(replica.phase);
                restyle(bar, replica);
            }
            bar.set_length(replica.total_bytes);
            bar.set_position(replica.progress_bytes);
        }
    }

    fn clear(&self) {
        for (bar, _) in self.by_replica.values() {
            bar.finish_and_clear();
        }
    }
}

fn restyle(bar: &ProgressBar, replica: &Replica) {
    let node = replica.node_name.as_deref().unwrap_or("no node yet");
    let message = format!("{} on {node}", replica.phase);
    match replica.phase {
        Phase::Fetching | Phase::Verifying | Phase::Loading => as_bytes(bar, &message),
        _ => as_spinner(bar, &message),
    }
}
