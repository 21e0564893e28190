//! `cloister usage`

use clap::{Args, ValueEnum};
use cloister_api::{UsageReport, UsageRow, UsageSum, paths};

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::table::{dash, table};

/// What the fleet's own is called where tenants are.
const FLEET: &str = "(the fleet)";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloister usage                                    the last 30 days, by key and account
  cloister usage --by tenant --from 2026-11-01 --to 2026-11-30
  cloister usage --by day --tenant cardiology -o json")]
pub(crate) struct Usage {
    /// What is summed up
    #[arg(long, value_enum, default_value = "caller")]
    by: By,
    /// First day (UTC), e.g. 2026-11-01 [default: 30 days before the last]
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day (UTC) [default: today]
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Only this tenant's
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Each API key and account
    Caller,
    Tenant,
    Deployment,
    Day,
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Tenant => "tenant",
            Self::Deployment => "deployment",
            Self::Day => "day",
        }
    }
}

impl Usage {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        let path = paths::usage(from, to, Some(self.by.as_str()), self.tenant.as_deref());
        let report: UsageReport = client.get(&path).await?;
        output.data(&report, |_| rows(&report, self.by))?;
        if report.truncated {
            let hint = "there is more than one answer takes: these sums are too low; ask for fewer days";
            output.say(&output.paint_err(Style::Dim, hint));
        }
        Ok(())
    }
}

fn rows(report: &UsageReport, by: By) -> String {
    let total = [("total".to_owned(), &report.total)];
    let groups = report.rows.iter().map(|row| (name(row, by), &row.sum));
    table(
        [heading(by), "REQUESTS", "INTERRUPTED", "PROMPT TOKENS", "OUTPUT TOKENS", "TIME S"],
        groups.chain(total).map(|(name, sum)| cells(name, sum)),
    )
}

fn heading(by: By) -> &'static str {
    match by {
        By::Caller => "KEY OR ACCOUNT",
        By::Tenant => "TENANT",
        By::Deployment => "DEPLOYMENT",
        By::Day => "DAY",
    }
}

fn name(row: &UsageRow, by: By) -> String {
    match by {
        By::Caller => dash(row.caller_name.as_ref()),
        By::Tenant => row.tenant.clone().unwrap_or_else(|| FLEET.to_owned()),
        By::Deployment => dash(row.deployment.as_ref()),
        By::Day => dash(row.day.as_ref()),
    }
}

fn cells(name: String, sum: &UsageSum) -> [String; 6] {
    let seconds = sum.time_ms / 1_000;
    let tenths = sum.time_ms % 1_000 / 100;
    [
        name,
        sum.requests.to_string(),
        sum.interrupted.to_string(),
        sum.prompt_tokens.to_string(),
        sum.output_tokens.to_string(),
        format!("{seconds}.{tenths}"),
    ]
}
