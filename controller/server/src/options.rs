//! What an operator can set, from the command line or the environment.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

mod in_force;
#[cfg(feature = "kubernetes")]
mod kubernetes;

use crate::sources::SourceOptions;
#[cfg(feature = "kubernetes")]
pub use kubernetes::{Installation, KubernetesOptions};

/// Fleet controller: model registry, scheduler, inference gateway and audit log.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "cloister-controller", version)]
pub struct Options {
    /// Folder for keys, models and the embedded database; made on first start.
    #[arg(long, env = "CLOISTER_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// OpenAI-compatible HTTP, the REST API, health and metrics.
    #[arg(long, env = "CLOISTER_HTTP", default_value = "127.0.0.1:7080", value_name = "ADDR")]
    pub http: SocketAddr,
    /// gRPC inference and administration.
    #[arg(long, env = "CLOISTER_GRPC", default_value = "127.0.0.1:7081", value_name = "ADDR")]
    pub grpc: SocketAddr,
    /// Mutual TLS for node agents.
    #[arg(long, env = "CLOISTER_AGENTS", default_value = "127.0.0.1:7082", value_name = "ADDR")]
    pub agents: SocketAddr,
    /// Host name or address under which agents reach the controller, if it is not the address it
    /// listens on. Written into join tokens and into the server certificate.
    #[arg(long, env = "CLOISTER_AGENTS_HOST", value_name = "HOST")]
    pub agents_host: Option<String>,
    /// HOST:PORT of the agents port as the fleet's other controllers reach it. Needed where several share a database.
    #[arg(long, env = "CLOISTER_ADVERTISE", value_name = "HOST:PORT")]
    pub advertise: Option<String>,
    /// `postgres://…`, or `sqlite:///abs/path.db`. Default: SQLite inside the data folder.
    // Not shown by --help: the URL may hold a password.
    #[arg(long, env = "CLOISTER_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,
    /// Name of a fleet that is created by this start.
    #[arg(long, default_value = "fleet", value_name = "NAME")]
    pub fleet_name: String,
    /// Certificate chain (PEM) for the HTTP and gRPC listeners.
    #[arg(long, env = "CLOISTER_TLS_CERT", requires = "tls_key", value_name = "PEM")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of that certificate.
    #[arg(long, env = "CLOISTER_TLS_KEY", requires = "tls_cert", value_name = "PEM")]
    pub tls_key: Option<PathBuf>,
    /// Serve HTTP and gRPC with a certificate of the fleet's own authority, which callers then must trust
    /// (ca.pem in the data folder), instead of one of yours.
    #[arg(long, env = "CLOISTER_TLS_FLEET_CA", conflicts_with = "tls_cert")]
    pub tls_fleet_ca: bool,
    /// Serve HTTP and gRPC unencrypted beyond this machine (behind a proxy that encrypts).
    #[arg(long)]
    pub allow_plaintext: bool,
    /// Life of a node's certificate; its agent renews it at two thirds.
    #[arg(long, default_value = "24h", value_parser = duration, value_name = "TIME")]
    pub node_certificate_lifetime: Duration,
    /// How often agents report.
    #[arg(long, default_value = "5s", value_parser = duration, value_name = "TIME")]
    pub heartbeat_interval: Duration,
    /// Replicas of a node that cannot be reached for this long are placed elsewhere.
    #[arg(long, default_value = "60s", value_parser = duration, value_name = "TIME")]
    pub unreachable_grace: Duration,
    /// People who are signed in to the console and do nothing for so long are signed out.
    #[arg(long, env = "CLOISTER_SESSION_IDLE", default_value = "15m", value_parser = duration, value_name = "TIME")]
    pub session_idle: Duration,
    /// People sign in anew after this, however busy they are.
    #[arg(long, env = "CLOISTER_SESSION_LIFETIME", default_value = "8h", value_parser = duration, value_name = "TIME")]
    pub session_lifetime: Duration,
    /// Local accounts need a second factor: whoever has none may do nothing but set one up.
    #[arg(long, env = "CLOISTER_REQUIRE_SECOND_FACTOR")]
    pub require_second_factor: bool,
    /// Identity providers that people may sign in with, and whose groups have which roles (TOML; docs/console.md).
    #[arg(long, env = "CLOISTER_OIDC", value_name = "FILE")]
    pub oidc: Option<PathBuf>,
    #[command(flatten)]
    pub sources: SourceOptions,
    #[cfg(feature = "kubernetes")]
    #[command(flatten)]
    pub kubernetes: KubernetesOptions,
    /// Stop in good order when the process that started this one ends, however it ends.
    #[arg(long, hide = true)]
    pub stop_with_parent: bool,
    /// All of the above as they are in force; empty unless they came from the command line.
    #[arg(skip)]
    pub in_force: Vec<cloister_api::OptionInForce>,
}

/// The options contradict each other or the rules of safe use.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error(
        "{flag} {address} can be reached from other machines, and prompts would cross the network unencrypted; \
         give --tls-cert and --tls-key, or --tls-fleet-ca, or --allow-plaintext if a proxy in front encrypts"
    )]
    PlaintextBeyondLoopback { flag: &'static str, address: SocketAddr },
    #[error("{flag} is {value:?}, and must be between {least:?} and {most:?}")]
    OutOfRange { flag: &'static str, value: Duration, least: Duration, most: Duration },
    #[error("--fleet-name {0:?} must be 1 to 63 characters of [a-z0-9-]")]
    FleetName(String),
}

impl Options {
    /// Refuses what would be unsafe or cannot work.
    ///
    /// # Errors
    /// [`OptionsError`], naming the flag.
    pub fn validate(&self) -> Result<(), OptionsError> {
        let encrypted = self.serves_tls() || self.allow_plaintext;
        for (flag, address) in [("--http", self.http), ("--grpc", self.grpc)] {
            if !address.ip().is_loopback() && !encrypted {
                return Err(OptionsError::PlaintextBeyondLoopback { flag, address });
            }
        }
        let day = Duration::from_secs(86_400);
        let second = Duration::from_secs(1);
        within("--node-certificate-lifetime", self.node_certificate_lifetime, second, day * 90)?;
        within("--heartbeat-interval", self.heartbeat_interval, second / 10, day / 24)?;
        within("--unreachable-grace", self.unreachable_grace, Duration::ZERO, day * 7)?;
        within("--session-idle", self.session_idle, second, day)?;
        within("--session-lifetime", self.session_lifetime, second, day * 7)?;
        match is_dns_label(&self.fleet_name) {
            true => Ok(()),
            false => Err(OptionsError::FleetName(self.fleet_name.clone())),
        }
    }

    /// Whether HTTP and gRPC are encrypted here.
    pub fn serves_tls(&self) -> bool {
        self.tls_cert.is_some() || self.tls_fleet_ca
    }

    /// Where agents are told to connect: never an address that means "every interface".
    pub fn agents_host(&self) -> String {
        match (&self.agents_host, self.agents.ip()) {
            (Some(host), _) => host.clone(),
            (None, ip) if ip.is_unspecified() => {
                rustix::system::uname().nodename().to_string_lossy().into_owned()
            }
            (None, IpAddr::V4(ip)) => ip.to_string(),
            (None, IpAddr::V6(ip)) => ip.to_string(),
        }
    }
}

fn within(flag: &'static str, value: Duration, least: Duration, most: Duration) -> Result<(), OptionsError> {
    match value >= least && value <= most {
        true => Ok(()),
        false => Err(OptionsError::OutOfRange { flag, value, least, most }),
    }
}

/// 1 to 63 characters of [a-z0-9-] (RFC 1123 label, lower case).
pub(crate) fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `90`, `90s`, `500ms`, `5m`, `24h` or `7d`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds_per_unit: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("{unit:?} is not a unit of time; use ms, s, m, h or d, as in 24h")),
    };
    let number: u64 = number.parse().map_err(|_| "needs a number, as in 24h".to_owned())?;
    number
        .checked_mul(milliseconds_per_unit)
        .map(Duration::from_millis)
        .ok_or_else(|| "is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn parse(arguments: &[&str]) -> Options {
        Options::parse_from([&["cloister-controller", "--data", "d"], arguments].concat())
    }

    #[test]
    fn plaintext_beyond_this_machine_must_be_asked_for() {
        assert!(parse(&[]).validate().is_ok());
        let refused = parse(&["--http", "0.0.0.0:7080"]).validate().unwrap_err().to_string();
        assert!(refused.contains("--http 0.0.0.0:7080") && refused.contains("--tls-cert"), "{refused}");
        assert!(parse(&["--grpc", "[::]:1"]).validate().is_err());
        assert!(parse(&["--http", "0.0.0.0:7080", "--allow-plaintext"]).validate().is_ok());
        assert!(parse(&["--http", "0.0.0.0:1", "--tls-cert", "c", "--tls-key", "k"]).validate().is_ok());
        // Agents are always encrypted.
        assert!(parse(&["--agents", "0.0.0.0:7082"]).validate().is_ok());
    }

    #[test]
    fn durations_carry_their_unit() {
        for (text, want) in
            [("90", 90_000), ("90s", 90_000), ("500ms", 500), ("5m", 300_000), ("24h", 86_400_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(want)), "{text}");
        }
        for bad in ["", "h", "5 m", "-1s", "99999999999999999999s", "5w", "18446744073709551615d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn agents_are_never_told_to_connect_to_every_interface() {
        assert_eq!(parse(&[]).agents_host(), "127.0.0.1");
        assert_ne!(parse(&["--agents", "0.0.0.0:7082"]).agents_host(), "0.0.0.0");
        assert_eq!(parse(&["--agents-host", "fleet.clinic.example"]).agents_host(), "fleet.clinic.example");
    }
}
