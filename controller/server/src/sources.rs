//! Where the controller fetches models from by itself: OCI registries, archives over HTTPS, and a
//! folder of its own machine. Nothing is fetched unless a flag names the place, and whatever comes is
//! only bytes on their way into the upload area; deciding on them is the matter of `models`.

mod archive;
mod egress;
mod error;
mod folder;
mod get;
mod https;
mod oci;
mod settings;

use std::fs::File;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use cloister_api::ImportSource;
use futures_util::Stream;
use futures_util::future::BoxFuture;

pub(crate) use archive::{ArchiveFile, Unpacked, list, unpack};
pub use egress::{AllowedHost, AllowedHostError};
pub(crate) use error::SourceError;
pub(crate) use https::check_url;
pub(crate) use oci::check_reference;
pub use settings::{SourceOptions, SourceSettings};

/// Bytes on their way in.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, SourceError>> + Send>>;
/// Reads from an offset on, to the end.
pub(crate) type ReadFrom =
    Arc<dyn Fn(u64) -> BoxFuture<'static, Result<ByteStream, SourceError>> + Send + Sync>;

/// One thing that a source holds.
pub(crate) struct Piece {
    /// Of a file of the model: the name that the signature lists.
    pub(crate) name: String,
    pub(crate) size_bytes: u64,
    /// What its bytes must have, as the source was named by it.
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) read: ReadFrom,
    pub(crate) form: Form,
}

/// What a piece is.
pub(crate) enum Form {
    /// A file of the model.
    File,
    /// An archive of such files, to be brought here before it can be looked into.
    Archive,
    /// An archive that lies on this machine already.
    LocalArchive(Arc<File>),
}

impl SourceSettings {
    /// Looks at a source: what is there, and how large. Fetches no weights.
    pub(crate) async fn open(&self, source: &ImportSource) -> Result<Vec<Piece>, SourceError> {
        match source {
            ImportSource::Oci(oci) => oci::open(self, &oci.reference).await,
            ImportSource::Https(https) => https::open(self, &https.url, &https.sha256).await,
            ImportSource::Path(path) => folder::open(self, &path.path).await,
        }
    }
}
