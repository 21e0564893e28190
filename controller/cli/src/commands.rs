//! What can be typed. One file per command; this one says which there are.

mod account;
mod audit;
mod chat;
mod check;
mod completion;
mod context;
mod deploy;
mod explain;
mod history;
mod key;
mod logs;
mod model;
mod nodes;
mod ps;
mod quickstart;
mod signer;
mod tenant;
mod trust;
mod up;
mod usage;
mod version;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;

use crate::client::Client;
use crate::config::Selection;
use crate::error::CliError;
use crate::output::{Format, Output};

pub(crate) use account::first_way_in;
pub(crate) use audit::{fetch_evidence, verify_file};
pub(crate) use chat::speeds;
pub(crate) use deploy::{deploy, wait_ready};
pub(crate) use key::create as create_key;
pub(crate) use model::import::import;
pub(crate) use model::passed;
pub(crate) use model::sign::{ensure_keys, sign_model};
pub(crate) use nodes::join_token;
pub(crate) use signer::trusted_or_trust;

/// Run local language models across your own machines, verified and on record.
#[derive(Debug, Parser)]
#[command(name = "cloister", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cloister quickstart                       the whole story on this machine
  cloister up                               a fleet on this machine, until Ctrl-C
  cloister model import ./model --name m    verify and keep a signed model
  cloister deploy ward --model m --wait     run it
  cloister chat ward                        talk to it
  cloister audit list                       see what is on record";

#[derive(Debug, Args)]
struct Global {
    /// The controller's address, e.g. http://127.0.0.1:7080
    #[arg(long, global = true, env = "CLOISTER_URL", value_name = "URL", help_heading = "Connection")]
    url: Option<String>,
    /// An API key, clk_…
    #[arg(
        long,
        global = true,
        env = "CLOISTER_KEY",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Connection"
    )]
    api_key: Option<SecretString>,
    /// A file with the API key
    #[arg(long, global = true, env = "CLOISTER_KEY_FILE", value_name = "FILE", help_heading = "Connection")]
    api_key_file: Option<PathBuf>,
    /// Certificates (PEM) of an authority to trust besides the system's, such as the fleet's own ca.pem
    #[arg(long, global = true, env = "CLOISTER_CA_FILE", value_name = "FILE", help_heading = "Connection")]
    ca_file: Option<PathBuf>,
    /// A context of the configuration file
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    context: Option<String>,
    /// The configuration file [default: ~/.config/cloister/config.toml]
    #[arg(long, global = true, env = "CLOISTER_CONFIG", value_name = "FILE", help_heading = "Connection")]
    config: Option<PathBuf>,
    /// How data is printed
    #[arg(short, long, global = true, value_enum, default_value = "table", value_name = "FORMAT")]
    output: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a fleet on this machine: controller and agent, until Ctrl-C
    Up(up::Up),
    /// The whole story: sign a model, verify it, run it, ask it, prove the record
    Quickstart(quickstart::Quickstart),
    /// Sign, verify, inspect and keep models
    #[command(subcommand)]
    Model(model::Model),
    /// Whose signatures are trusted
    #[command(subcommand)]
    Signer(signer::Signer),
    /// Trust policies: whose signature makes which models acceptable
    #[command(subcommand)]
    Trust(trust::Trust),
    /// Run a model, or change how it runs
    Deploy(deploy::Deploy),
    /// Stop a deployment and remove it
    Undeploy(deploy::Undeploy),
    /// Deployments
    Deployments(deploy::List),
    /// What a deployment was meant to be, change by change
    History(history::History),
    /// Return a deployment to what it was at an earlier revision
    Return(history::Return),
    /// Replace every replica of a deployment, one after another
    Restart(history::Restart),
    /// What happened to the replicas of a deployment
    Events(history::Events),
    /// What the workers of a deployment wrote
    Logs(logs::Logs),
    /// Replicas: what runs where
    Ps(ps::Ps),
    /// Machines of the fleet
    #[command(visible_alias = "node")]
    Nodes(nodes::Nodes),
    /// Talk to a model
    Chat(chat::Chat),
    /// Ask one question and check the proof of its record: does the installation work?
    Check(check::Check),
    /// People who may use the console
    #[command(subcommand)]
    Account(account::Account),
    /// Parts of the organisation that do not see each other
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// What was asked of models: requests, tokens, time
    Usage(usage::Usage),
    /// API keys
    #[command(subcommand)]
    Key(key::Key),
    /// The audit log: read it, prove it, take it away
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Why a replica runs where it does, or why it does not
    Explain(explain::Explain),
    /// Which controllers this machine knows
    #[command(subcommand)]
    Context(context::Context),
    /// A completion script for your shell
    Completion(completion::Completion),
    /// The versions of this program and of the controller
    Version(version::Version),
}

impl Arguments {
    pub(crate) fn format(&self) -> Format {
        self.global.output
    }
}

impl Global {
    fn selection(&self) -> Selection {
        Selection {
            url: self.url.clone().filter(|u| !u.is_empty()),
            key: self.api_key.clone(),
            key_file: self.api_key_file.clone(),
            ca_file: self.ca_file.clone().filter(|file| !file.as_os_str().is_empty()),
            context: self.context.clone(),
            file: self.config.clone(),
        }
    }

    fn client(&self) -> Result<Client, CliError> {
        Client::new(self.selection().target()?)
    }
}

pub(crate) async fn run(arguments: Arguments, output: &Output) -> Result<(), CliError> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Up(up) => up.run(&global.selection(), output).await,
        Command::Quickstart(quickstart) => quickstart.run(&global.selection(), output).await,
        Command::Model(model) => model.run(|| global.client(), output).await,
        Command::Signer(signer) => signer.run(&global.client()?, output).await,
        Command::Trust(trust) => trust.run(&global.client()?, output).await,
        Command::Deploy(deploy) => deploy.run(&global.client()?, output).await,
        Command::Undeploy(undeploy) => undeploy.run(&global.client()?, output).await,
        Command::Deployments(list) => list.run(&global.client()?, output).await,
        Command::History(history) => history.run(&global.client()?, output).await,
        Command::Return(back) => back.run(&global.client()?, output).await,
        Command::Restart(restart) => restart.run(&global.client()?, output).await,
        Command::Events(events) => events.run(&global.client()?, output).await,
        Command::Logs(logs) => logs.run(&global.client()?, output).await,
        Command::Ps(ps) => ps.run(&global.client()?, output).await,
        Command::Nodes(nodes) => nodes.run(&global.client()?, output).await,
        Command::Chat(chat) => chat.run(&global.client()?, output).await,
        Command::Check(check) => check.run(&global.client()?, output).await,
        Command::Account(account) => account.run(&global.client()?, output).await,
        Command::Tenant(tenant) => tenant.run(&global.client()?, output).await,
        Command::Usage(usage) => usage.run(&global.client()?, output).await,
        Command::Key(key) => key.run(&global.client()?, output).await,
        Command::Audit(audit) => audit.run(|| global.client(), output).await,
        Command::Explain(explain) => explain.run(&global.client()?, output).await,
        Command::Context(context) => context.run(&global.selection(), output),
        Command::Completion(completion) => completion.run(output),
        Command::Version(version) => version.run(|| global.client(), output).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_that_people_type_often_shows_an_example() {
        let command = Arguments::command();
        for name in
            ["up", "quickstart", "deploy", "chat", "check", "explain", "nodes", "ps", "logs", "restart"]
        {
            let found = command.find_subcommand(name).expect(name);
            let help = found.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("cloister "), "{name} has no example");
        }
    }
}
