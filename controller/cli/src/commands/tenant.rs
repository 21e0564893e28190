//! `cloister tenant`

use clap::Subcommand;
use cloister_api::{Changed, ChangedTenant, NewTenantRequest, Tenant as TenantRow, TenantList, paths};
use jiff::Timestamp;

use crate::client::Client;
use crate::error::CliError;
use crate::output::Output;
use crate::render::table::table;
use crate::render::units::age;

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Make a tenant
    #[command(after_help = "\
Examples:
  cloister tenant create cardiology --title 'Cardiology, house 3'
  cloister account create sato --role fleet-admin --tenant cardiology
  cloister deploy heart --model smollm2 --tenant cardiology

People, keys, deployments and records of a tenant are its own: nobody of another tenant sees them.")]
    Create {
        name: String,
        /// What people call it [default: its name]
        #[arg(long, default_value = "", hide_default_value = true)]
        title: String,
    },
    /// Tenants and what belongs to them
    List,
    /// Remove a tenant that has nothing and nobody any more; its records stay
    Remove { name: String },
}

impl Tenant {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Create { name, title } => {
                let request = NewTenantRequest { name, title };
                let made: ChangedTenant = client.post(paths::TENANTS, &request).await?;
                output.data(&made, |_| format!("made; on record as {}", made.record_id))
            }
            Self::List => {
                let list: TenantList = client.get(paths::TENANTS).await?;
                output.data(&list.tenants, |_| rows(&list.tenants))
            }
            Self::Remove { name } => {
                let changed: Changed = client.delete(&paths::tenant(&name)).await?;
                output.data(&changed, |_| format!("removed; on record as {}", changed.record_id))
            }
        }
    }
}

fn rows(tenants: &[TenantRow]) -> String {
    let now = Timestamp::now();
    table(
        ["NAME", "TITLE", "ACCOUNTS", "KEYS", "DEPLOYMENTS", "AGE"],
        tenants.iter().map(|tenant| {
            [
                tenant.name.clone(),
                tenant.title.clone(),
                tenant.accounts.to_string(),
                tenant.keys.to_string(),
                tenant.deployments.to_string(),
                age(&tenant.created_at, now),
            ]
        }),
    )
}
