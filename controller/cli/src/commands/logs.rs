//! `cloister logs`

use clap::Args;
use cloister_api::limits::OUTPUT_LINES_MAX;
use cloister_api::{ReplicaList, ReplicaOutput, paths};

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::table::printable;

#[derive(Debug, Args)]
#[command(after_help = "\
What the workers wrote, also before a crash; never text of a question or an answer.

Examples:
  cloister logs ward
  cloister logs ward --replica 01k… --lines 500")]
pub(crate) struct Logs {
    /// A deployment
    name: String,
    /// Only this replica, as `cloister ps` lists it
    #[arg(long, value_name = "ID")]
    replica: Option<String>,
    /// How many lines of each replica, the last ones
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=i64::from(OUTPUT_LINES_MAX)))]
    lines: u32,
}

impl Logs {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let list: ReplicaList = client.get(&paths::replicas(Some(&self.name))).await?;
        let wanted = |id: &str| self.replica.as_deref().is_none_or(|only| only == id);
        let ids: Vec<&str> = list.replicas.iter().map(|r| r.id.as_str()).filter(|id| wanted(id)).collect();
        if ids.is_empty() {
            let why = match &self.replica {
                Some(id) => format!("{} has no replica {id}", self.name),
                None => format!("{} has no replica", self.name),
            };
            return Err(CliError::new(why).next(format!("cloister ps {}", self.name)));
        }
        let mut outputs: Vec<ReplicaOutput> = Vec::new();
        for id in &ids {
            match client.get(&paths::replica_logs(id, self.lines)).await {
                Ok(found) => outputs.push(found),
                // One that has nothing to show must not hide the others.
                Err(error) if ids.len() > 1 => output.say(&error.to_string()),
                Err(error) => return Err(error),
            }
        }
        output.data(&outputs, |out| outputs.iter().map(|o| told(o, out)).collect::<Vec<_>>().join("\n\n"))
    }
}

fn told(output: &ReplicaOutput, out: &Output) -> String {
    let head = format!("{} on {}", printable(&output.replica_id), printable(&output.node_name));
    let lines = output.lines.iter().map(|l| format!("{} run {} {}", l.at, l.run, printable(&l.text)));
    let all: Vec<String> = std::iter::once(out.paint(Style::Bold, &head)).chain(lines).collect();
    all.join("\n")
}
