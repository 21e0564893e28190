//! The command line.

mod fields;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

use fields::{label, name_field};
pub(crate) use fields::{node_name, node_name_from_host};

const EXAMPLES: &str = "\
Examples:
  Join a fleet, with the token that `cloister nodes join-token` printed:
    cloister-agent --data /var/lib/cloister-agent --join-file token.txt --name ward-3

  The same machine later: the identity is in the data folder, no token is needed:
    cloister-agent --data /var/lib/cloister-agent

  In a pod: the k8s node becomes a node, by the pod's own token, and stays the same one:
    cloister-agent --data DIR --kubernetes-token /var/run/secrets/cloister/token \
      --controller https://cloister-agents.fleet.svc:7082 --controller-ca /etc/cloister/ca.pem --name worker-1

  Say where the node stands, so that deployments can be kept in a jurisdiction:
    cloister-agent --data DIR --region de-fra-1 --jurisdiction DE-HE --label rack=b7

  Load only models signed with a key that this node's owner chose, whatever the controller trusts:
    cloister-agent --data DIR --trusted-signer signer.pub";

/// Runs verified models on this machine for a Cloister fleet.
///
/// The agent connects out to the controller and needs no open port. Logs go to standard error; RUST_LOG
/// selects them, OTEL_EXPORTER_OTLP_ENDPOINT sends traces.
#[derive(Debug, Parser)]
#[command(name = "cloister-agent", version, after_help = EXAMPLES, subcommand_negates_reqs = true)]
pub struct Cli {
    /// What else this program can be (its own workers, mostly).
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How the agent runs.
    #[command(flatten)]
    pub agent: AgentArgs,
}

/// Options of the agent itself.
#[derive(Debug, Args)]
pub struct AgentArgs {
    /// Folder for identity, models and sockets; created if absent
    #[arg(long, value_name = "DIR", env = "CLOISTER_AGENT_DATA", required = true)]
    pub data: Option<PathBuf>,
    /// Join token; needed at the first start only
    #[arg(long, value_name = "TOKEN", env = "CLOISTER_JOIN_TOKEN", hide_env_values = true)]
    pub join: Option<SecretString>,
    /// File that holds the join token
    #[arg(long, value_name = "FILE", conflicts_with = "join")]
    pub join_file: Option<PathBuf>,
    /// File that holds a ServiceAccount token for the audience cloister-agents; instead of a join token
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["join", "join_file"],
        requires_all = ["controllers", "controller_ca"]
    )]
    pub kubernetes_token: Option<PathBuf>,
    /// File that holds the certificate authority of the fleet, PEM
    #[arg(long, value_name = "FILE", requires = "kubernetes_token")]
    pub controller_ca: Option<PathBuf>,
    /// Name shown for this node, [a-z0-9-]; default: the host name. With --kubernetes-token: the k8s node's name
    #[arg(long, value_parser = fields::machine_name)]
    pub name: Option<String>,
    /// Where it stands, e.g. de-fra-1
    #[arg(long, default_value = "", value_parser = name_field)]
    pub region: String,
    /// Whose law applies: ISO 3166 country, optionally with subdivision, e.g. DE or DE-HE
    #[arg(long, default_value = "", value_parser = fields::jurisdiction)]
    pub jurisdiction: String,
    /// Label that deployments can select nodes by; may be repeated
    #[arg(long = "label", value_name = "K=V", value_parser = label)]
    pub labels: Vec<(String, String)>,
    /// PEM file of a public key: load only models signed by these, instead of by whom the controller trusts
    #[arg(long = "trusted-signer", value_name = "PEM")]
    pub trusted_signers: Vec<PathBuf>,
    /// Threads per worker; default: all cores, when the controller does not say
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub threads: u32,
    /// Start workers although this kernel cannot wall off files (no Landlock). The fleet sees it
    #[arg(long)]
    pub allow_weak_sandbox: bool,
    /// Where controllers listen for agents, when that is no longer what the join token said; may be repeated.
    /// Every address of every name is linked with
    #[arg(long = "controller", value_name = "URL", value_parser = fields::controller_url)]
    pub controllers: Vec<String>,
    /// Stop in good order when the process that started this one ends, however it ends
    #[arg(long, hide = true)]
    pub stop_with_parent: bool,
    /// How logs are written; default: text on a terminal, else json
    #[arg(long, value_enum)]
    pub log_format: Option<LogFormat>,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object per line.
    Json,
}

/// The other things this program is.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Asks the agent of a folder whether it is well; for probes
    Health(HealthArgs),
    /// Runs one replica (started by the agent)
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// Measures a model file's perplexity over a text
    #[command(hide = true)]
    Quality(QualityArgs),
}

/// Whom to ask.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// The agent's folder
    #[arg(long, value_name = "DIR", env = "CLOISTER_AGENT_DATA")]
    pub data: PathBuf,
    /// Only well if it is in session with a controller and not stopping
    #[arg(long)]
    pub ready: bool,
}

/// What the agent tells a worker.
#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// The agent's process id: the worker ends with it
    #[arg(long)]
    pub parent: u32,
    /// Where to listen
    #[arg(long)]
    pub socket: PathBuf,
    /// Tokens per sequence
    #[arg(long)]
    pub context_length: u32,
    /// Sequences decoded at once
    #[arg(long)]
    pub max_sequences: u32,
    /// Sequences that may wait
    #[arg(long)]
    pub max_waiting: u32,
    /// Tokens in the KV cache
    #[arg(long)]
    pub kv_tokens: u64,
    /// Threads of the batch step
    #[arg(long)]
    pub threads: u32,
    /// See the agent's option
    #[arg(long)]
    pub allow_weak_sandbox: bool,
}

/// What to measure.
#[derive(Debug, Args)]
pub struct QualityArgs {
    /// GGUF file
    pub model: PathBuf,
    /// Text file
    #[arg(long)]
    pub text: PathBuf,
    /// Tokens per chunk
    #[arg(long, default_value_t = 512)]
    pub chunk: u32,
    /// Chunks to measure; 0: all
    #[arg(long, default_value_t = 0)]
    pub chunks: u32,
    /// Threads; 0: all cores
    #[arg(long, default_value_t = 0)]
    pub threads: u32,
    /// How the result is written
    #[arg(short, long, value_enum, default_value_t = OutputFormat::Table)]
    pub output: OutputFormat,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}
