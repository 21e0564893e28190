//! Starts the agent's parts, and stops them in order.

mod directory;
mod joining;

use std::path::Path;
use std::sync::{Arc, Mutex};

use cloister_proto::agent::v1::Locality;
use cloister_provenance::TrustedSigner;
use tokio_util::sync::CancellationToken;

use crate::artifact::{Artifacts, Signers};
use crate::channel::controller_channel;
use crate::cli::AgentArgs;
use crate::enrol::EnrolError;
use crate::identity::{Identity, IdentityError};
use crate::inventory::Surveyor;
use crate::limits::LABELS_MAX;
use crate::link::LinkError;
use crate::session::Session;
use crate::state::{GenerationFile, StateError};
use crate::supervisor::{Launcher, Supervisor};
use crate::token::JoinTokenError;
use crate::tunnel::Tunnel;
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

/// Runs the agent until `stop` is cancelled (then replicas are drained first) or the fleet rejects the node.
///
/// # Errors
///
/// [`AgentError`], in words for whoever started it.
pub async fn run(options: AgentArgs, stop: CancellationToken) -> Result<(), AgentError> {
    let directory = DataDirectory::open(options.data.as_deref().unwrap_or(Path::new(".")))?;
    let locality = locality(&options)?;
    let signers = Signers::new(read_pins(&options)?);
    let Some(mut identity) = joining::identity(&options, &directory, &locality, &stop).await? else {
        return Ok(());
    };
    if let Some(url) = &options.controller {
        identity.facts.url.clone_from(url);
    }
    let launcher = Launcher::new(directory.run(), options.threads, options.allow_weak_sandbox)
        .map_err(AgentError::Launcher)?;
    let agent = Agent::assemble(&directory, identity, locality, signers, launcher)?;
    agent.run(&stop).await
}

/// The parts, wired together.
struct Agent {
    supervisor: Arc<Supervisor>,
    session: Session,
    tunnel: Tunnel,
}

impl Agent {
    fn assemble(
        directory: &DataDirectory,
        identity: Identity,
        locality: Locality,
        signers: Signers,
        launcher: Launcher,
    ) -> Result<Self, AgentError> {
        let (publisher, controller) = controller_channel();
        let artifacts = Artifacts::new(&directory.artifacts(), controller.clone(), signers);
        let supervisor = Arc::new(Supervisor::new(artifacts, launcher));
        let generation = GenerationFile::open(&directory.state(), &identity.facts.node_id)?;
        let session = Session {
            identity_directory: directory.identity(),
            identity: tokio::sync::Mutex::new(identity),
            boot_id: ulid::Ulid::new().to_string(),
            generation: Arc::new(Mutex::new(generation)),
            surveyor: Arc::new(Surveyor::new(locality, directory.root())),
            supervisor: Arc::clone(&supervisor),
            channel: publisher,
        };
        let tunnel = Tunnel { controller, workers: Arc::clone(supervisor.workers()) };
        Ok(Self { supervisor, session, tunnel })
    }

    async fn run(self, stop: &CancellationToken) -> Result<(), AgentError> {
        // The links outlive the replicas: answers that drain must still reach whoever asked.
        let hang_up = CancellationToken::new();
        let hung_up = hang_up.clone();
        let tunnel = tokio::spawn(async move { self.tunnel.run(&hung_up).await });
        let session = self.session.run(&hang_up);
        tokio::pin!(session);
        let ended = tokio::select! {
            () = stop.cancelled() => {
                tracing::info!("stopping: draining replicas");
                tokio::select! {
                    () = self.supervisor.stop_all() => Ok(()),
                    ended = &mut session => ended,
                }
            }
            ended = &mut session => ended,
        };
        self.supervisor.stop_all().await;
        hang_up.cancel();
        let _ = tunnel.await;
        ended.map_err(AgentError::Rejected)
    }
}

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
