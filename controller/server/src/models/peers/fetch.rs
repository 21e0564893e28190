//! One model from one peer, file by file. What arrived before a break is kept and gone on with.

use std::io;
use std::path::{Component, Path, PathBuf};

use cloister_proto::peer::v1::ReadModelFileRequest;
use cloister_proto::peer::v1::peer_service_client::PeerServiceClient;
use cloister_store::{Model, ModelFile};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::PeerAccess;
use crate::fleet::CaError;
use crate::limits::{AGENT_MESSAGE_MAX_BYTES, PEER_CONNECT_TIMEOUT, PEER_SILENCE_MAX};
use crate::models::FolderError;

#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the peer has not got it")]
    NotThere,
    #[error("the peer cannot be reached: {0}")]
    Unreachable(#[from] tonic::transport::Error),
    #[error("the peer broke off: {}", .0.message())]
    Broken(tonic::Status),
    #[error("the peer sent nothing for {} s", PEER_SILENCE_MAX.as_secs())]
    Silent,
    #[error("file {file} arrived with other bytes than its digest says; it was thrown away")]
    OtherBytes { file: String },
    #[error("the name of file {file:?} is not a plain relative path")]
    Name { file: String },
    #[error("the disk of the data folder: {0}")]
    Disk(#[from] io::Error),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Certificate(#[from] CaError),
    #[error("the controller is stopping")]
    Stopped,
}

impl From<tonic::Status> for FetchError {
    fn from(status: tonic::Status) -> Self {
        match status.code() {
            Code::NotFound | Code::Unimplemented => Self::NotThere,
            _ => Self::Broken(status),
        }
    }
}

pub(super) struct Peer {
    client: PeerServiceClient<Channel>,
}

impl Peer {
    pub(super) async fn connect(address: &str, access: &PeerAccess) -> Result<Self, FetchError> {
        let (chain, key) = access.ca.peer_certificate(&access.fleet_id, &access.controller_id)?;
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(access.ca.pem()))
            .identity(Identity::from_pem(chain, key.as_bytes()))
            .domain_name(&access.host);
        let endpoint = Endpoint::from_shared(format!("https://{address}"))?
            .tls_config(tls)?
            .connect_timeout(PEER_CONNECT_TIMEOUT);
        let channel = endpoint.connect().await?;
        Ok(Self {
            client: PeerServiceClient::new(channel).max_decoding_message_size(AGENT_MESSAGE_MAX_BYTES),
        })
    }

    /// Every file of the model into the folder `into`, checked.
    pub(super) async fn fetch(&self, model: &Model, into: &Path) -> Result<(), FetchError> {
        for file in &model.files {
            let path = place(into, &file.name)?;
            if let Some(folder) = path.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            self.fetch_file(model, file, &path).await?;
        }
        Ok(())
    }

    async fn fetch_file(&self, model: &Model, file: &ModelFile, path: &Path) -> Result<(), FetchError> {
        let there_bytes = match tokio::fs::metadata(path).await {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error.into()),
        };
        if there_bytes < file.size_bytes {
            self.append(model, file, path, there_bytes).await?;
        }
        if digest_of(path.to_owned()).await? == file.sha256 {
            return Ok(());
        }
        // Nothing of it can be gone on with.
        tokio::fs::remove_file(path).await?;
        Err(FetchError::OtherBytes { file: file.name.clone() })
    }

    async fn append(
        &self,
        model: &Model,
        file: &ModelFile,
        path: &Path,
        offset_bytes: u64,
    ) -> Result<(), FetchError> {
        let request = ReadModelFileRequest {
            model_digest: model.digest.clone(),
            file: file.name.clone(),
            offset_bytes,
        };
        let mut chunks = self.client.clone().read_model_file(request).await?.into_inner();
        let mut out = tokio::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).await?;
        let mut left_bytes = file.size_bytes - offset_bytes;
        while left_bytes > 0 {
            let next = tokio::time::timeout(PEER_SILENCE_MAX, chunks.message());
            let Some(chunk) = next.await.map_err(|_| FetchError::Silent)?? else { break };
            // More than was announced cannot be the file: it is not even written.
            left_bytes = left_bytes
                .checked_sub(chunk.data.len() as u64)
                .ok_or_else(|| FetchError::OtherBytes { file: file.name.clone() })?;
            out.write_all(&chunk.data).await?;
        }
        out.sync_all().await?;
        Ok(())
    }
}

fn place(into: &Path, name: &str) -> Result<PathBuf, FetchError> {
    let relative = Path::new(name);
    match relative.components().all(|part| matches!(part, Component::Normal(_))) && !name.is_empty() {
        true => Ok(into.join(relative)),
        false => Err(FetchError::Name { file: name.to_owned() }),
    }
}

/// SHA-256 in lower-case hex.
async fn digest_of(path: PathBuf) -> Result<String, FetchError> {
    let hashed = tokio::task::spawn_blocking(move || -> io::Result<String> {
        let mut hasher = Sha256::new();
        io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
        Ok(hex::encode(hasher.finalize()))
    });
    Ok(hashed.await.map_err(|_| FetchError::Stopped)??)
}
