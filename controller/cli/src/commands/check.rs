//! `cloister check`

use clap::Args;
use cloister_api::{Deployment, DeploymentList, LogCheckpoint, paths};
use cloister_evidence::verify::Report;
use serde::Serialize;

use super::audit::{checked_record, key_text, report_sentences};
use crate::chat::{Answer, Message, Request, StreamOptions, ask};
use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::units::short_digest;

const QUESTION: &str = "Name three colours.";
const ANSWER_TOKENS_MAX: u32 = 16;

/// Asks one short question as any caller would, fetches the proof of its two records and checks it here.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cloister check\n  cloister check ward --audit-key audit.vkey")]
pub(crate) struct Check {
    /// The deployment to ask; default: the first that has a ready replica
    deployment: Option<String>,
    /// The log's verifier key or a file with it; default: the one pinned in this context, else the controller's word
    #[arg(long, value_name = "KEY")]
    audit_key: Option<String>,
}

#[derive(Debug, Serialize)]
struct Checked {
    deployment: String,
    model_digest: Option<String>,
    record: String,
    completion_tokens: u64,
    first_token_ms: f64,
    tokens_per_second: f64,
    report: Report,
}

impl Check {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let deployment = match self.deployment {
            Some(name) => name,
            None => first_ready(client).await?,
        };
        let vkey = self.audit_key.as_deref().map(key_text).transpose()?;
        let (vkey, pinned) = match vkey.or_else(|| client.target().audit_vkey.clone()) {
            Some(vkey) => (vkey, true),
            None => (client.get::<LogCheckpoint>(paths::CHECKPOINT).await?.verifier_key, false),
        };
        let answer = question(client, &deployment).await?;
        let record = answer.record.clone();
        let record = record.ok_or_else(|| CliError::new("the answer came without its audit record's id"))?;
        let report = checked_record(client, &record, &vkey).await?;
        let checked = Checked {
            deployment,
            model_digest: answer.model_digest,
            record,
            completion_tokens: answer.completion_tokens,
            first_token_ms: answer.first_token_ms,
            tokens_per_second: answer.tokens_per_second,
            report,
        };
        output.data(&checked, |out| sentences(&checked, pinned, out))
    }
}

async fn first_ready(client: &Client) -> Result<String, CliError> {
    let list: DeploymentList = client.get(paths::DEPLOYMENTS).await?;
    let ready = |deployment: &&Deployment| deployment.ready_replicas > 0;
    list.deployments.iter().find(ready).map(|deployment| deployment.name.clone()).ok_or_else(|| {
        CliError::new("the controller answers, but no deployment has a ready replica: nothing can be asked")
            .next("cloister deploy NAME --model MODEL --wait")
    })
}

async fn question(client: &Client, deployment: &str) -> Result<Answer, CliError> {
    let messages = [Message { role: "user", content: QUESTION.to_owned() }];
    let request = Request {
        model: deployment,
        messages: &messages,
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        temperature: Some(0.0),
        max_tokens: Some(ANSWER_TOKENS_MAX),
        seed: Some(7),
    };
    ask(client, &request, |_| {}).await
}

fn sentences(checked: &Checked, pinned: bool, out: &Output) -> String {
    let tick = out.paint(Style::Good, "✓");
    let model = checked.model_digest.as_deref().map_or_else(String::new, short_digest);
    let mut lines = vec![
        format!(
            "{tick} {} answered with {} tokens, the first after {:.0} ms",
            checked.deployment, checked.completion_tokens, checked.first_token_ms
        ),
        format!("{tick} by the signed model {model}"),
        report_sentences(&checked.report, out),
    ];
    if !pinned {
        lines.push("  the log's key came from the controller itself; pin it with --audit-key".to_owned());
    }
    lines.join("\n")
}
