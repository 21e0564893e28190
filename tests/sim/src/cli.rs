//! What can be set.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits::{NODES_MAX, PHASE_MAX_MS};

/// Simulates the nodes of a fleet against a real controller, for scale tests.
///
/// Prints a line now and then, one that begins with `ready` once every node is connected, and runs until SIGTERM.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "cloister-sim", version)]
pub struct Options {
    /// Where agents connect: https://HOST:PORT.
    #[arg(long, value_name = "URL", value_parser = https)]
    pub agents: String,
    /// The fleet's certificate authority, PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: PathBuf,
    /// The controller's REST API, which makes the join tokens.
    #[arg(long, value_name = "URL")]
    pub http: String,
    /// A file with an admin key.
    #[arg(long, value_name = "FILE")]
    pub api_key_file: PathBuf,
    /// How many nodes.
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=i64::from(NODES_MAX)))]
    pub nodes: u32,
    /// The same seed gives the same fleet.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
    /// Nodes are called PREFIX-0000, PREFIX-0001 and so on. A node that was enrolled by an earlier run has its
    /// name still: choose another prefix then.
    #[arg(long, default_value = "sim", value_name = "PREFIX")]
    pub name_prefix: String,
    /// The host name in the controller's certificate, if it is not the one in --agents.
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
    /// How long a replica stays in each phase on its way to ready: between half and one and a half of this.
    #[arg(long, default_value_t = 200, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(0..=PHASE_MAX_MS))]
    pub phase_ms: u64,
    /// Between two tokens of an answer.
    #[arg(long, default_value_t = 5, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(0..=PHASE_MAX_MS))]
    pub token_ms: u64,
    /// Memory that a replica takes of its node once it is loaded.
    #[arg(long, default_value_t = 256, value_name = "MEBIBYTES", value_parser = clap::value_parser!(u64).range(0..=262_144))]
    pub replica_mib: u64,
    /// Ends with an error if the nodes are not all connected within this time.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub ready_within_s: u64,
}

impl Options {
    pub(crate) fn phase(&self) -> Duration {
        Duration::from_millis(self.phase_ms)
    }

    pub(crate) fn token_pause(&self) -> Duration {
        Duration::from_millis(self.token_ms)
    }

    pub(crate) fn replica_bytes(&self) -> u64 {
        self.replica_mib << 20
    }

    pub(crate) fn ready_within(&self) -> Duration {
        Duration::from_secs(self.ready_within_s)
    }
}

fn https(text: &str) -> Result<String, String> {
    match text.strip_prefix("https://") {
        Some(rest) if !rest.is_empty() => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("agents connect over TLS: https://HOST:PORT".to_owned()),
    }
}
