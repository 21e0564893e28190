//! `cloister trust`

use std::path::PathBuf;

use clap::Subcommand;
use cloister_api::{Changed, TrustPolicy, TrustPolicyList, TrustPolicyRequest, TrustRule, paths};
use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde::Deserialize;

use crate::client::Client;
use crate::error::{CliError, Doing};
use crate::limits::POLICY_FILE_BYTES_MAX;
use crate::local::files::read_text;
use crate::output::Output;
use crate::render::table::{dash, table};

#[derive(Debug, Subcommand)]
#[command(after_help = "\
A policy says whose signature makes models of certain names acceptable. Signers that `cloister signer
trust` names are trusted for every model; a revoked signer is trusted for none, whatever a policy says.")]
pub(crate) enum Trust {
    /// Trust policies and their rules
    #[command(after_help = "Example:\n  cloister trust list -o yaml")]
    List,
    /// Create a policy from a file, or change it
    #[command(after_help = "\
Example:
  cloister trust set radiology.yaml

with this in radiology.yaml (JSON works, too):
  name: radiology
  rules:
    - models: [\"smollm2-*\"]
      signers:
        - name: vendor
          public_key_pem: |
            -----BEGIN PUBLIC KEY-----
            …
            -----END PUBLIC KEY-----")]
    Set {
        /// YAML or JSON; - reads standard input
        file: PathBuf,
        /// Change it only if it is at this revision; 0: only if it does not exist yet
        #[arg(long, value_name = "REVISION")]
        if_revision: Option<u64>,
    },
    /// Remove a policy: models that it alone admitted are drained
    #[command(after_help = "Example:\n  cloister trust remove radiology")]
    Remove {
        /// As `cloister trust list` shows it
        name: String,
        /// Remove it only if it is at this revision
        #[arg(long, value_name = "REVISION")]
        if_revision: Option<u64>,
    },
}

/// A policy in a file: as the controller answers it, or only what a person has to write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    name: String,
    rules: Vec<TrustRule>,
    #[serde(default, rename = "revision")]
    _revision: Option<u64>,
    #[serde(default, rename = "updated_at")]
    _updated_at: Option<String>,
    #[serde(default, rename = "record_id")]
    _record_id: Option<String>,
}

impl Trust {
    pub(crate) async fn run(self, client: &Client, output: &Output) -> Result<(), CliError> {
        match self {
            Self::List => {
                let list: TrustPolicyList = client.get(paths::TRUST_POLICIES).await?;
                output.data(&list.policies, |_| rules(&list.policies))
            }
            Self::Set { file, if_revision } => {
                let PolicyFile { name, rules: stated, .. } = parse(&read(&file)?, &file)?;
                let path = paths::trust_policy(&name);
                let request = client.request(Method::PUT, &path).json(&TrustPolicyRequest { rules: stated });
                let policy: TrustPolicy =
                    client.json(client.send(only_if(request, if_revision)).await?).await?;
                output.data(&policy, |_| rules(std::slice::from_ref(&policy)))
            }
            Self::Remove { name, if_revision } => {
                let request = client.request(Method::DELETE, &paths::trust_policy(&name));
                let changed: Changed = client.json(client.send(only_if(request, if_revision)).await?).await?;
                output.data(&changed, |_| format!("removed; on record as {}", changed.record_id))
            }
        }
    }
}

fn only_if(request: reqwest::RequestBuilder, revision: Option<u64>) -> reqwest::RequestBuilder {
    match revision {
        Some(revision) => request.header(IF_MATCH, format!("\"{revision}\"")),
        None => request,
    }
}

fn read(file: &std::path::Path) -> Result<String, CliError> {
    match file.as_os_str() == "-" {
        true => read_text(std::path::Path::new("/dev/stdin"), POLICY_FILE_BYTES_MAX),
        false => read_text(file, POLICY_FILE_BYTES_MAX),
    }
}

/// JSON is YAML, too.
fn parse(text: &str, file: &std::path::Path) -> Result<PolicyFile, CliError> {
    serde_yaml_ng::from_str(text).doing(|| format!("{} states no trust policy", file.display()))
}

/// One line for each rule.
fn rules(policies: &[TrustPolicy]) -> String {
    let lines = policies.iter().flat_map(|policy| {
        policy.rules.iter().map(|rule| {
            let signers: Vec<_> = rule.signers.iter().map(|signer| signer.name.as_str()).collect();
            let models = dash(Some(rule.models.join(" ")));
            [policy.name.clone(), policy.revision.to_string(), models, signers.join(" ")]
        })
    });
    table(["POLICY", "REVISION", "MODELS", "SIGNERS"], lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_people_write_it_and_as_the_controller_prints_it() {
        let yaml =
            "name: p\nrules:\n  - models: [\"a*\"]\n    signers:\n      - {name: s, public_key_pem: x}\n";
        let read = parse(yaml, "p.yaml".as_ref()).unwrap_or_else(|error| panic!("{error}"));
        let printed = TrustPolicy {
            name: read.name,
            rules: read.rules,
            revision: 3,
            updated_at: "then".into(),
            record_id: None,
        };
        let again = parse(&serde_json::to_string(&printed).unwrap(), "p.json".as_ref());
        assert_eq!(again.unwrap_or_else(|error| panic!("{error}")).rules, printed.rules);
        let error = parse("name: p\nrulez: []\n", "p.yaml".as_ref()).err().unwrap();
        assert!(error.what.contains("rulez") && error.what.contains("p.yaml"), "{error}");
    }
}
