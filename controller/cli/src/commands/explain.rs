//! `cloister explain`

use clap::Args;
use cloister_api::{Explanation, paths};

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::table::{dash, pairs, printable, table};
use crate::render::units::bytes;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cloister ps\n  cloister explain REPLICA")]
pub(crate) struct Explain {
    /// A replica, as `cloister ps` lists it
    replica: String,
}

impl Explain {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let explanation: Explanation = client.get(&paths::replica_explanation(&self.replica)).await?;
        output.data(&explanation, |out| told(&explanation, out))
    }
}

fn told(e: &Explanation, out: &Output) -> String {
    let heading = |text: &str| out.paint(Style::Bold, text);
    let sentences =
        |lines: &[String]| lines.iter().map(|l| format!("  {}", printable(l))).collect::<Vec<_>>().join("\n");
    let head = pairs([
        ("Replica", e.replica.id.clone()),
        ("Deployment", e.replica.deployment.clone()),
        ("Model", e.replica.model_name.clone()),
        ("Node", dash(e.replica.node_name.as_ref())),
        ("Phase", super::ps::phase(&e.replica)),
        ("Error", dash(e.replica.error.as_ref())),
    ]);
    let nodes = table(
        ["NODE", "VERDICT", "REASON"],
        e.nodes.iter().map(|n| {
            let verdict = if n.chosen {
                "chosen"
            } else if n.admissible {
                "possible"
            } else {
                "rejected"
            };
            [n.node_name.clone(), verdict.to_string(), n.reason.clone()]
        }),
    );
    let memory = pairs([
        ("  weights", bytes(e.weights_bytes)),
        ("  KV cache", bytes(e.kv_bytes)),
        ("  scratch", bytes(e.scratch_bytes)),
        ("  in all", bytes(e.total_bytes)),
    ]);
    format!(
        "{head}\n\n{}\n{}\n\n{}\n{nodes}\n\n{}\n{memory}\n\n{}\n{}",
        heading("Why"),
        sentences(&e.reasons),
        heading("Nodes considered"),
        heading("Memory"),
        heading("Checks passed before loading"),
        if e.checks.is_empty() { "  none yet".to_string() } else { sentences(&e.checks) },
    )
}
