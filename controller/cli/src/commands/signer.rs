//! `cloister signer`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use cloister_api::{Changed, Signer as SignerRow, SignerList, TrustSignerRequest, paths};

use cloister_provenance::PublicKey;

use crate::client::Client;
use crate::error::{CliError, Doing};
use crate::limits::KEY_FILE_BYTES_MAX;
use crate::local::files::read_text;
use crate::output::Output;
use crate::render::table::{dash, table};

#[derive(Debug, Subcommand)]
pub(crate) enum Signer {
    /// Trust a public key: models signed with its private half may run
    #[command(after_help = "Example:\n  cloister signer trust release.pub.pem --name release-team")]
    Trust {
        /// PEM, P-256
        public_key: PathBuf,
        /// Who holds the private half
        #[arg(long)]
        name: String,
    },
    /// Whose signatures are, or were, trusted
    List,
    /// Trust a key no longer: its models are drained and not placed again
    Revoke {
        /// As `cloister signer list` shows it
        key_id: String,
    },
}

impl Signer {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Trust { public_key, name } => {
                let signer = trust(client, &read_text(&public_key, KEY_FILE_BYTES_MAX)?, &name).await?;
                output.data(&signer, |_| list(std::slice::from_ref(&signer)))
            }
            Self::List => {
                let signers: SignerList = client.get(paths::SIGNERS).await?;
                output.data(&signers.signers, |_| list(&signers.signers))
            }
            Self::Revoke { key_id } => {
                let changed: Changed = client.delete(&paths::signer(&key_id)).await?;
                output.data(&changed, |_| format!("revoked; on record as {}", changed.record_id))
            }
        }
    }
}

pub(crate) async fn trust(client: &Client, pem: &str, name: &str) -> Result<SignerRow, CliError> {
    let request = TrustSignerRequest { name: name.to_string(), public_key_pem: pem.to_string() };
    client.post(paths::SIGNERS, &request).await
}

/// Trusts a public key unless it is trusted already.
pub(crate) async fn trusted_or_trust(client: &Client, public_key: &Path, name: &str) -> Result<(), CliError> {
    let pem = read_text(public_key, KEY_FILE_BYTES_MAX)?;
    let key_id =
        PublicKey::from_pem(&pem).doing(|| format!("{} cannot be used", public_key.display()))?.key_id();
    let known: SignerList = client.get(paths::SIGNERS).await?;
    if known.signers.iter().any(|s| s.key_id == key_id && s.revoked_at.is_none()) {
        return Ok(());
    }
    trust(client, &pem, name).await.map(|_| ())
}

fn list(signers: &[SignerRow]) -> String {
    table(
        ["KEY", "NAME", "FOR", "TRUSTED", "REVOKED"],
        signers.iter().map(|s| {
            let revoked = dash(s.revoked_at.as_ref());
            [s.key_id.clone(), s.name.clone(), scope(s), s.trusted_at.clone(), revoked]
        }),
    )
}

/// What models a signer is trusted for.
fn scope(signer: &SignerRow) -> String {
    match (signer.every_name, signer.revoked_at.is_some()) {
        (_, true) => "none".to_owned(),
        (true, _) => "every model".to_owned(),
        (false, _) => format!("policy {}", signer.policies.join(", ")),
    }
}
