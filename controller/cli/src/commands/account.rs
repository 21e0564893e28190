//! `cloister account`

use clap::Subcommand;
use cloister_api::{
    Account as AccountRow, AccountList, AccountRolesRequest, Changed, ChangedAccount, FleetRole, LoginLink,
    NewAccountRequest, paths,
};
use jiff::Timestamp;

use crate::client::Client;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::table::{dash, table};
use crate::render::units::age;

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Make an account and its first login link
    #[command(after_help = "\
Examples:
  cloister account create meier --role operator
  cloister account create review --role auditor --role model-approver
  cloister account create sato --role developer --tenant cardiology

The link works once, for 15 minutes; whoever opens it chooses a password.")]
    Create {
        name: String,
        /// fleet-admin, operator, model-approver, auditor, developer, user or vendor-support; repeat for more
        #[arg(long = "role", value_parser = role, required = true, value_name = "ROLE")]
        roles: Vec<FleetRole>,
        /// The tenant that it is to belong to [default: yours, or the fleet itself]
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Accounts and their roles
    List,
    /// Give an account other roles
    Roles {
        name: String,
        /// All that it shall have; repeat for more
        #[arg(long = "role", value_parser = role, required = true, value_name = "ROLE")]
        roles: Vec<FleetRole>,
    },
    /// A new one-time login link: a way in without the password
    Link { name: String },
    /// For somebody who has lost app and recovery codes: the next sign-in asks for no code, and sessions end at once
    #[command(after_help = "\
Make sure that it is the account's owner who asks. That it was reset is on record.")]
    ResetSecondFactor { name: String },
    /// Let an account sign in no more; its sessions end at once
    Disable { name: String },
}

impl Account {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Create { name, roles, tenant } => {
                let _: ChangedAccount = create(client, &name, roles, tenant).await?;
                tell_link(client, output, &name).await
            }
            Self::Link { name } => tell_link(client, output, &name).await,
            Self::List => {
                let list: AccountList = client.get(paths::ACCOUNTS).await?;
                output.data(&list.accounts, |_| rows(&list.accounts))
            }
            Self::Roles { name, roles } => {
                let path = format!("{}/roles", paths::account(&name));
                let changed: ChangedAccount = client.put(&path, &AccountRolesRequest { roles }).await?;
                output.data(&changed, |_| format!("changed; on record as {}", changed.record_id))
            }
            Self::ResetSecondFactor { name } => {
                let changed: Changed = client.delete(&paths::account_second_factor(&name)).await?;
                output.data(&changed, |_| format!("reset; on record as {}", changed.record_id))
            }
            Self::Disable { name } => {
                let changed: Changed = client.delete(&paths::account(&name)).await?;
                output.data(&changed, |_| format!("disabled; on record as {}", changed.record_id))
            }
        }
    }
}

async fn create(
    client: &Client,
    name: &str,
    roles: Vec<FleetRole>,
    tenant: Option<String>,
) -> Result<ChangedAccount, CliError> {
    client.post(paths::ACCOUNTS, &NewAccountRequest { name: name.to_owned(), roles, tenant }).await
}

async fn tell_link(client: &Client, output: &Output, name: &str) -> Result<(), CliError> {
    let link = login_link(client, name).await?;
    output.data(&link, |_| address(client, &link))?;
    output.say(
        &output.paint_err(Style::Dim, "works once, for 15 minutes; a new one: cloister account link NAME"),
    );
    Ok(())
}

async fn login_link(client: &Client, name: &str) -> Result<LoginLink, CliError> {
    let nothing = serde_json::json!({});
    client.post(&paths::login_link(name), &nothing).await
}

fn address(client: &Client, link: &LoginLink) -> String {
    format!("{}/console/login#token={}", client.target().url.trim_end_matches('/'), link.token)
}

/// The address that lets the first administrator into the console, made anew at each start; or why there is none.
pub(crate) async fn first_way_in(client: &Client) -> String {
    let made = make_first_way_in(client).await;
    made.unwrap_or_else(|error| format!("there is no link: {error}; see `cloister account list`"))
}

async fn make_first_way_in(client: &Client) -> Result<String, CliError> {
    const FIRST: &str = "admin";
    let list: AccountList = client.get(paths::ACCOUNTS).await?;
    if !list.accounts.iter().any(|account| account.name == FIRST) {
        create(client, FIRST, vec![FleetRole::FleetAdmin], None).await?;
    }
    Ok(address(client, &login_link(client, FIRST).await?))
}

fn role(word: &str) -> Result<FleetRole, String> {
    let words = || FleetRole::ALL.map(FleetRole::as_str).join(", ");
    FleetRole::parse(word).ok_or_else(|| format!("the roles are {}", words()))
}

fn rows(accounts: &[AccountRow]) -> String {
    let now = Timestamp::now();
    table(
        ["NAME", "TENANT", "ROLES", "PASSWORD", "SECOND FACTOR", "AGE", "LOCKED UNTIL", "DISABLED"],
        accounts.iter().map(|account| {
            [
                account.name.clone(),
                dash(account.tenant.as_ref()),
                account.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
                if account.has_password { "set" } else { "none yet" }.to_owned(),
                if account.second_factor_at.is_some() { "set" } else { "none" }.to_owned(),
                age(&account.created_at, now),
                dash(account.locked_until.as_ref()),
                dash(account.disabled_at.as_ref()),
            ]
        }),
    )
}
