//! Models on this node's disk: fetched from the controller, and verified by the node itself.

mod download;
mod error;
mod eviction;
mod layout;
mod load;
mod ranges;
mod signature;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cloister_proto::agent::v1::DescribeArtifactRequest;
use cloister_proto::agent::v1::DescribeArtifactResponse;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use prost::Message;
use tokio::sync::Mutex as AsyncMutex;
use tonic::transport::Channel;

pub(crate) use error::ArtifactError;
pub(crate) use error::blocking;
pub(crate) use layout::Layout;
pub(crate) use load::{VerifiedModel, load};
pub(crate) use signature::Signers;

use crate::controllers::Controllers;
use crate::files;
use crate::limits::{CALL_TIMEOUT, DISK_RESERVE_BYTES, MESSAGE_MAX_BYTES};

/// Told bytes present and bytes in all.
pub(crate) type Progress = dyn Fn(u64, u64) + Send + Sync;

/// The node's store of models.
#[derive(Debug)]
pub(crate) struct Artifacts {
    root: Arc<Path>,
    controllers: Controllers,
    signers: Signers,
    /// Digests of the models that are ordered now: these are never evicted.
    ordered: Mutex<BTreeSet<String>>,
    /// One fetch at a time per model: two replicas of one model share its bytes.
    fetching: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
}

/// A model whose signed files all lie on disk. Their bytes are checked when they are loaded.
#[derive(Debug, Clone)]
pub(crate) struct LocalArtifact {
    pub(crate) layout: Layout,
    pub(crate) bundle: Vec<u8>,
    pub(crate) signers_pem: Vec<String>,
}

impl Artifacts {
    /// The store under `root`. `pins` are public keys that this node trusts instead of the controller's.
    pub(crate) fn new(root: &Path, controllers: Controllers, signers: Signers) -> Self {
        Self {
            root: root.into(),
            controllers,
            signers,
            ordered: Mutex::default(),
            fetching: Mutex::default(),
        }
    }

    /// Who may sign what this node loads.
    pub(crate) fn signers(&self) -> &Signers {
        &self.signers
    }

    /// Notes which models are ordered. Others stay on disk, in case they come back, until their room is needed.
    pub(crate) fn keep(&self, digests: BTreeSet<String>) {
        *self.ordered.lock().unwrap_or_else(PoisonError::into_inner) = digests;
    }

    /// Has the model on disk when it returns: fetches what is missing of it, resuming where an earlier fetch
    /// (of this process or one before) ended. Dropping the call keeps what has arrived.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`]; no other model is touched.
    pub(crate) async fn ensure(
        &self,
        digest: &str,
        progress: &Progress,
    ) -> Result<LocalArtifact, ArtifactError> {
        let layout = Layout::new(&self.root, digest)?;
        let lock = self.lock_of(digest);
        let _only = lock.lock().await;
        let description = self.describe(digest, &layout).await?;
        let manifest =
            self.signers.verify(&description.signature_bundle, &description.trusted_signers_pem, digest)?;
        let wanted = download::wanted(&manifest, &description.files)?;
        let files = self.plan(&layout, wanted).await?;
        download::run(&self.controllers, digest, files, progress).await?;
        Ok(LocalArtifact {
            layout,
            bundle: description.signature_bundle,
            signers_pem: description.trusted_signers_pem,
        })
    }

    /// What to fetch; where the disk is too full for it, after models that nobody ordered made room.
    async fn plan(
        &self,
        layout: &Layout,
        wanted: Vec<download::Wanted>,
    ) -> Result<download::Plan, ArtifactError> {
        let first = download::plan(layout, wanted.clone()).await;
        let Err(ArtifactError::DiskFull { needed_bytes, available_bytes, .. }) = &first else { return first };
        let missing_bytes = needed_bytes.saturating_add(DISK_RESERVE_BYTES).saturating_sub(*available_bytes);
        let ordered = self.ordered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let root = Arc::clone(&self.root);
        let evicted = error::blocking(move || eviction::evict(&root, &ordered, missing_bytes)).await?;
        if evicted { download::plan(layout, wanted).await } else { first }
    }

    fn lock_of(&self, digest: &str) -> Arc<AsyncMutex<()>> {
        let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        // Drop the locks that nobody holds: the table stays as small as the work in hand.
        fetching.retain(|_, lock| Arc::strong_count(lock) > 1);
        fetching.entry(digest.to_owned()).or_default().clone()
    }

    /// What the controllers say now, the first one that has the model; while all are away, what was said last: a
    /// replica that crashes must come back without them.
    async fn describe(
        &self,
        digest: &str,
        layout: &Layout,
    ) -> Result<DescribeArtifactResponse, ArtifactError> {
        let mut refusal = None;
        for channel in self.controllers.channels() {
            match ask(channel, digest).await {
                Ok(description) => {
                    remember(layout, description.encode_to_vec()).await?;
                    return Ok(description);
                }
                Err(status) => match ArtifactError::from_status(digest, &status) {
                    ArtifactError::ControllerAway => {}
                    error => refusal = Some(error),
                },
            }
        }
        if let Some(error) = refusal {
            return Err(error);
        }
        let bytes = tokio::fs::read(layout.description()).await.map_err(|_| ArtifactError::ControllerAway)?;
        DescribeArtifactResponse::decode(bytes.as_slice()).map_err(|_| ArtifactError::ControllerAway)
    }
}

async fn ask(channel: Channel, digest: &str) -> Result<DescribeArtifactResponse, tonic::Status> {
    let mut request = tonic::Request::new(DescribeArtifactRequest { model_digest: digest.to_owned() });
    request.set_timeout(CALL_TIMEOUT);
    let mut client = AgentServiceClient::new(channel).max_decoding_message_size(2 * MESSAGE_MAX_BYTES);
    Ok(client.describe_artifact(request).await?.into_inner())
}

async fn remember(layout: &Layout, description: Vec<u8>) -> Result<(), ArtifactError> {
    let layout = layout.clone();
    error::blocking(move || {
        let path = layout.description();
        layout
            .create()
            .and_then(|()| files::replace(&path, &description))
            .map_err(|error| ArtifactError::disk(&path, error))
    })
    .await
}
