//! Starts the agent's parts, and stops them in order.

mod agent;
mod directory;
mod joining;

use std::path::Path;
use std::time::{Duration, Instant};

use cloister_proto::agent::v1::Locality;
use cloister_provenance::TrustedSigner;
use tokio_util::sync::CancellationToken;

use crate::artifact::Signers;
use crate::backoff::Backoff;
use crate::cli::AgentArgs;
use crate::controllers::Controllers;
use crate::enrol::{EnrolError, Renewer};
use crate::health;
use crate::identity::IdentityError;
use crate::limits::LABELS_MAX;
use crate::link::LinkError;
use crate::state::StateError;
use crate::supervisor::Launcher;
use crate::token::JoinTokenError;
use agent::{Agent, Place};
use directory::DataDirectory;
pub use directory::DirectoryError;

/// Why the agent cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Its folder.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The token's text.
    #[error(transparent)]
    Token(#[from] JoinTokenError),
    /// The token's file.
    #[error("cannot read the join token from {path}: {source}")]
    TokenFile {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It never joined and was not told how.
    #[error(
        "this node has not joined a fleet yet: start it with --join TOKEN or --join-file FILE. `cloister nodes join-token` \
         makes a token"
    )]
    NotJoined,
    /// Joining.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// The identity on disk.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The state on disk.
    #[error(transparent)]
    State(#[from] StateError),
    /// A pinned signer.
    #[error("cannot use the trusted signer {path}: {reason}")]
    TrustedSigner {
        /// The PEM file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// A name that only a k8s node may have.
    #[error("{0}; set another one with --name")]
    Name(String),
    /// The socket that `health` asks.
    #[error("cannot answer health checks: {0}. Check the data folder and its owner")]
    Health(std::io::Error),
    /// Too many labels.
    #[error("a node has at most {LABELS_MAX} labels; {count} were given")]
    Labels {
        /// How many.
        count: usize,
    },
    /// The fleet does not want this node, or it is not the fleet.
    #[error("{0}. All replicas of this node were stopped")]
    Rejected(LinkError),
    /// The process could not look at itself.
    #[error("cannot prepare to start workers: {0}")]
    Launcher(std::io::Error),
}

/// Runs the agent until `stop` is cancelled (then replicas are drained first) or the fleet rejects the node. An
/// agent that can enrol by itself does so then, and goes on.
///
/// # Errors
///
/// [`AgentError`], in words for whoever started it.
pub async fn run(options: AgentArgs, stop: CancellationToken) -> Result<(), AgentError> {
    let directory = DataDirectory::open(options.data.as_deref().unwrap_or(Path::new(".")))?;
    let locality = locality(&options)?;
    let signers = Signers::new(read_pins(&options)?);
    let application = joining::application(&options, &locality)?;
    let controllers = Controllers::default();
    let taken_up = health::TakenUp::default();
    let _health = health::serve(directory.run(), controllers.clone(), taken_up.clone(), stop.clone())
        .map_err(AgentError::Health)?;
    let mut backoff = Backoff::new(REENROL_FIRST, REENROL_LONGEST);
    loop {
        let Some(identity) = joining::identity(application.as_ref(), &directory, &stop).await? else {
            return Ok(());
        };
        let began = Instant::now();
        let launcher = Launcher::new(directory.run(), options.threads, options.allow_weak_sandbox)
            .map_err(AgentError::Launcher)?;
        let place = Place { directory: &directory, locality: locality.clone(), signers: signers.clone() };
        let anew = joining::application(&options, &locality)?.filter(joining::by_itself).map(Renewer);
        let agent = Agent::assemble(place, identity, &options, launcher, controllers.clone(), anew)?;
        let following = tokio::spawn(taken_up.clone().follow(agent.supervisor()));
        let ended = agent.run(&stop).await;
        following.abort();
        match ended {
            Err(error @ AgentError::Rejected(_))
                if application.as_ref().is_some_and(joining::by_itself) && !stop.is_cancelled() =>
            {
                joining::forget(&directory)?;
                if began.elapsed() >= REENROL_LONGEST {
                    backoff.reset();
                }
                let wait = backoff.next_wait();
                tracing::warn!("{error}. It enrols again in {} s", wait.as_secs());
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(wait) => {}
                }
            }
            ended => return ended,
        }
    }
}

/// Between being rejected and enrolling again: two agents of one k8s node, which reject each other, must not do
/// so all the time.
const REENROL_FIRST: Duration = Duration::from_secs(2);
const REENROL_LONGEST: Duration = Duration::from_secs(300);

fn locality(options: &AgentArgs) -> Result<Locality, AgentError> {
    if options.labels.len() > LABELS_MAX {
        return Err(AgentError::Labels { count: options.labels.len() });
    }
    Ok(Locality {
        region: options.region.clone(),
        jurisdiction: options.jurisdiction.clone(),
        labels: options.labels.iter().cloned().collect(),
    })
}

fn read_pins(options: &AgentArgs) -> Result<Vec<TrustedSigner>, AgentError> {
    let read = |path: &std::path::PathBuf| {
        let fail = |reason: String| AgentError::TrustedSigner { path: path.clone(), reason };
        let pem = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        TrustedSigner::from_pem(path.display().to_string(), &pem).map_err(|error| fail(error.to_string()))
    };
    options.trusted_signers.iter().map(read).collect()
}
