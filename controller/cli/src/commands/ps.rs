//! `cloister ps`

use clap::Args;
use cloister_api::{Phase, Replica, ReplicaList, paths};

use crate::client::Client;
use crate::error::CliError;
use crate::output::Output;
use crate::render::table::{dash, table};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cloister ps\n  cloister ps ward -o json")]
pub(crate) struct Ps {
    /// Only the replicas of this deployment
    deployment: Option<String>,
}

impl Ps {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let list: ReplicaList = client.get(&paths::replicas(self.deployment.as_deref())).await?;
        output.data(&list.replicas, |_| replicas(&list.replicas))?;
        if list.replicas.is_empty() && output.is_watched() {
            output.say("nothing runs; cloister deploy NAME --model MODEL starts something");
        }
        Ok(())
    }
}

pub(crate) fn replicas(replicas: &[Replica]) -> String {
    table(
        ["REPLICA", "DEPLOYMENT", "MODEL", "NODE", "PHASE", "LOAD", "SPEED", "RESTARTS", "ISA", "ERROR"],
        replicas.iter().map(|r| {
            [
                r.id.clone(),
                r.deployment.clone(),
                r.model_name.clone(),
                dash(r.node_name.as_ref()),
                phase(r),
                format!("{}+{}", r.running, r.waiting),
                speed(r),
                r.restarts.to_string(),
                dash(r.isa.as_ref()),
                dash(r.error.as_ref()),
            ]
        }),
    )
}

/// Tokens per second and milliseconds to the first one, as measured lately.
fn speed(replica: &Replica) -> String {
    let Some(speed) = replica.speed else { return "-".to_string() };
    let pace = speed.tokens_per_s.map(|pace| format!("{pace:.1}/s, ")).unwrap_or_default();
    format!("{pace}first {} ms", speed.first_token_ms)
}

/// The phase, with how far it is where that is known.
pub(crate) fn phase(replica: &Replica) -> String {
    let moving = matches!(replica.phase, Phase::Fetching | Phase::Verifying | Phase::Loading);
    if moving && replica.total_bytes > 0 {
        let percent = u128::from(replica.progress_bytes) * 100 / u128::from(replica.total_bytes);
        format!("{} {percent}%", replica.phase)
    } else {
        replica.phase.to_string()
    }
}
