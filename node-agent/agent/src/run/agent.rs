//! The agent's parts, once it has an identity.

use std::sync::Arc;

use cloister_proto::agent::v1::Locality;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::AgentError;
use super::directory::DataDirectory;
use crate::artifact::{Artifacts, Signers};
use crate::cli::AgentArgs;
use crate::controllers::Controllers;
use crate::enrol::Renewer;
use crate::identity::{CurrentIdentity, Identity};
use crate::inventory::Surveyor;
use crate::limits::{DRAIN_NOTICE, TELL_TIMEOUT};
use crate::links::Links;
use crate::renewal::Renewals;
use crate::session::{Node, Orders};
use crate::state::GenerationFile;
use crate::supervisor::{Launcher, Supervisor};

/// Where this node is, and whom it believes.
pub(super) struct Place<'a> {
    pub(super) directory: &'a DataDirectory,
    pub(super) locality: Locality,
    pub(super) signers: Signers,
}

/// The parts, wired together.
pub(super) struct Agent {
    node: Arc<Node>,
    links: Links,
    renewals: Renewals,
}

impl Agent {
    pub(super) fn assemble(
        place: Place<'_>,
        identity: Identity,
        options: &AgentArgs,
        launcher: Launcher,
        controllers: Controllers,
        anew: Option<Renewer>,
    ) -> Result<Self, AgentError> {
        let Place { directory, locality, signers } = place;
        let urls = match options.controllers.as_slice() {
            [] => vec![identity.facts.url.clone()],
            urls => urls.to_vec(),
        };
        let artifacts = Artifacts::new(&directory.artifacts(), controllers.clone(), signers);
        let generation = GenerationFile::open(&directory.state(), &identity.facts.node_id)?;
        let (identity, renew) = (CurrentIdentity::new(identity), Arc::new(Notify::new()));
        let renewals = Renewals {
            identity: identity.clone(),
            directory: directory.identity(),
            controllers: controllers.clone(),
            asked: Arc::clone(&renew),
            anew,
        };
        let node = Arc::new(Node {
            identity,
            boot_id: ulid::Ulid::new().to_string(),
            orders: Orders::new(generation),
            surveyor: Arc::new(Surveyor::new(locality, directory.root())),
            supervisor: Arc::new(Supervisor::new(artifacts, launcher)),
            work: Arc::default(),
            controllers,
            renew,
        });
        let links = Links { node: Arc::clone(&node), urls };
        Ok(Self { node, links, renewals })
    }

    pub(super) fn supervisor(&self) -> Arc<Supervisor> {
        Arc::clone(&self.node.supervisor)
    }

    pub(super) async fn run(self, stop: &CancellationToken) -> Result<(), AgentError> {
        let Self { node, links, renewals } = self;
        // The links outlive the replicas: answers that drain must still reach whoever asked.
        let hang_up = CancellationToken::new();
        let rejected = hang_up.clone();
        let linked = async {
            let ended = tokio::select! {
                ended = links.run(&hang_up) => ended,
                ended = async {
                    match renewals.run(&hang_up).await {
                        Ok(()) => std::future::pending().await,
                        Err(error) => Err(error),
                    }
                } => ended,
            };
            rejected.cancel();
            ended
        };
        tokio::pin!(linked);
        let ended = tokio::select! {
            () = stop.cancelled() => tokio::select! {
                () = drain(&node) => Ok(()),
                ended = &mut linked => ended,
            },
            ended = &mut linked => ended,
        };
        node.supervisor.stop_all().await;
        if ended.is_ok() && !hang_up.is_cancelled() {
            hang_up.cancel();
            return linked.await.map_err(AgentError::Rejected);
        }
        ended.map_err(AgentError::Rejected)
    }
}

/// Tells every controller before it takes the replicas away, so that none sends a request into the void.
async fn drain(node: &Node) {
    tracing::info!("stopping: draining replicas");
    let (board, controllers) = (node.supervisor.board(), &node.controllers);
    if node.supervisor.announce_drain() && controllers.count() > 0 {
        controllers.all_told(board.version(), TELL_TIMEOUT).await;
        tokio::time::sleep(DRAIN_NOTICE).await;
    }
    node.supervisor.stop_all().await;
    controllers.all_told(board.version(), TELL_TIMEOUT).await;
}
