//! `cloister audit list`

use clap::Args;
use cloister_api::{Record, RecordPage, paths};
use jiff::Timestamp;

use crate::client::Client;
use crate::error::CliError;
use crate::output::Output;
use crate::render::table::{dash, table};
use crate::render::units::age;

/// What records must be like. All that is given must hold.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// e.g. inference.completed or model.imported
    #[arg(long)]
    kind: Option<String>,
    /// The id of what was changed or used
    #[arg(long)]
    subject: Option<String>,
    /// Who did it: id or name of an API key, account or node
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// A model that the record names, by name or digest
    #[arg(long)]
    model: Option<String>,
    /// A node that the record names, by name or id
    #[arg(long)]
    node: Option<String>,
    /// Written then or later, e.g. 2026-11-22T08:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Written before then
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// The record that closes this request, by the id of its first record
    #[arg(long, value_name = "RECORD")]
    closes: Option<String>,
    /// Only records before this sequence number
    #[arg(long, value_name = "SEQ")]
    before: Option<u64>,
}

impl List {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let (from, to) = (self.from.map(|from| from.to_string()), self.to.map(|to| to.to_string()));
        let query = paths::RecordQuery {
            limit: Some(self.limit),
            before_seq: self.before,
            kind: self.kind.as_deref(),
            subject: self.subject.as_deref(),
            actor: self.who.as_deref(),
            model: self.model.as_deref(),
            node: self.node.as_deref(),
            from: from.as_deref(),
            to: to.as_deref(),
            intent: self.closes.as_deref(),
        };
        let page: RecordPage = client.get(&paths::records(&query)).await?;
        if page.unsearchable > 0 {
            output.say(&format!(
                "{} records of an earlier version are still being made searchable; look again soon",
                page.unsearchable
            ));
        }
        output.data(&page, |_| records(&page.records))
    }
}

fn records(records: &[Record]) -> String {
    let now = Timestamp::now();
    table(
        ["SEQ", "RECORD", "AGE", "KIND", "WHAT"],
        records.iter().map(|r| {
            let leaf: serde_json::Value = serde_json::from_str(&r.leaf_json).unwrap_or_default();
            let subject = leaf.pointer("/subject/name").or(leaf.pointer("/subject/id"));
            [
                r.seq.to_string(),
                r.id.clone(),
                age(&r.time, now),
                r.kind.clone(),
                dash(subject.and_then(|s| s.as_str())),
            ]
        }),
    )
}
