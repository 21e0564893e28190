//! `cloister key`

use clap::{Subcommand, ValueEnum};
use cloister_api::{Changed, Key as KeyRow, KeyList, NewKey, NewKeyRequest, Role, paths};
use jiff::Timestamp;

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::table::{dash, table};
use crate::render::units::{age, parse_duration_s};

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key; its secret is shown once
    #[command(after_help = "\
Examples:
  cloister key create ehr --model ward
  cloister key create ops --role admin --valid-for 30d
  export CLOISTER_KEY=$(cloister key create me -o json | jq -r .secret)")]
    Create {
        name: String,
        #[arg(long, value_enum, default_value = "inference")]
        role: RoleArgument,
        /// A deployment that the key may use; repeat for more [default: all]
        #[arg(long = "model", value_name = "DEPLOYMENT")]
        models: Vec<String>,
        /// How long it works, e.g. 12h or 30d [default: until revoked]
        #[arg(long, value_parser = parse_duration_s, value_name = "TIME")]
        valid_for: Option<u64>,
        /// The tenant that it is to belong to [default: yours, or the fleet itself]
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Keys, without their secrets
    List,
    /// End a key at once
    Revoke {
        /// As `cloister key list` shows it
        id: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArgument {
    /// May ask models
    Inference,
    /// May run the fleet
    Admin,
}

impl Key {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Create { name, role, models, valid_for, tenant } => {
                let role = match role {
                    RoleArgument::Inference => Role::Inference,
                    RoleArgument::Admin => Role::Admin,
                };
                let valid_for_s = valid_for.unwrap_or(0);
                let new = create(client, NewKeyRequest { name, role, models, valid_for_s, tenant }).await?;
                output.data(&new, |_| new.secret.clone())?;
                output.say(&output.paint_err(Style::Dim, "shown once: keep it now"));
                Ok(())
            }
            Self::List => {
                let keys: KeyList = client.get(paths::KEYS).await?;
                output.data(&keys.keys, |_| list(&keys.keys))
            }
            Self::Revoke { id } => {
                let changed: Changed = client.delete(&paths::key(&id)).await?;
                output.data(&changed, |_| format!("revoked; on record as {}", changed.record_id))
            }
        }
    }
}

pub(crate) async fn create(client: &Client, request: NewKeyRequest) -> Result<NewKey, CliError> {
    client.post(paths::KEYS, &request).await
}

fn list(keys: &[KeyRow]) -> String {
    let now = Timestamp::now();
    table(
        ["ID", "NAME", "TENANT", "ROLE", "DEPLOYMENTS", "AGE", "LAST USED", "EXPIRES", "REVOKED"],
        keys.iter().map(|k| {
            [
                k.id.clone(),
                k.name.clone(),
                dash(k.tenant.as_ref()),
                k.role.to_string(),
                if k.models.is_empty() { "all".to_string() } else { k.models.join(", ") },
                age(&k.created_at, now),
                k.last_used_at.as_deref().map_or_else(|| "-".to_owned(), |at| age(at, now)),
                dash(k.expires_at.as_ref()),
                dash(k.revoked_at.as_ref()),
            ]
        }),
    )
}
