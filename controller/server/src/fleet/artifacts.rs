//! Model bytes for the nodes that are to run them.

use std::path::{Component, Path, PathBuf};

use cloister_proto::agent::v1::{
    ArtifactChunk, ArtifactFile, DescribeArtifactRequest, DescribeArtifactResponse, ReadArtifactRequest,
};
use cloister_proto::peer::v1::ReadModelFileRequest;
use cloister_store::Model;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::mpsc;
use tonic::Status;

use super::Shared;
use super::identity::store_unavailable;
use crate::limits::{ARTIFACT_CHUNK_BYTES, ARTIFACT_CHUNKS_AHEAD};
use crate::trust::Trust;

/// Bytes `start..end` of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileRange {
    path: PathBuf,
    start: u64,
    end: u64,
}

impl Shared {
    pub(super) async fn describe_artifact(
        &self,
        node_id: &str,
        request: DescribeArtifactRequest,
    ) -> Result<DescribeArtifactResponse, Status> {
        let model = self.placed_model(node_id, &request.model_digest).await?;
        // For this model's name alone: the node must not accept more than the fleet does.
        let trust = Trust::read(&self.store).await.map_err(store_unavailable)?;
        let trusted = trust.keys_for(&model.name).map(|key| key.public_key_pem.clone());
        Ok(DescribeArtifactResponse {
            files: model.files.iter().map(artifact_file).collect::<Result<_, _>>()?,
            signature_bundle: model.bundle,
            trusted_signers_pem: trusted.collect(),
        })
    }

    pub(super) async fn artifact_range(
        &self,
        node_id: &str,
        request: ReadArtifactRequest,
    ) -> Result<FileRange, Status> {
        let model = self.placed_model(node_id, &request.model_digest).await?;
        self.model_file_range(&model, &request)
    }

    /// For another controller, which keeps every model: none needs to be placed.
    pub(super) async fn peer_range(&self, request: ReadModelFileRequest) -> Result<FileRange, Status> {
        let ReadModelFileRequest { model_digest, file, offset_bytes } = request;
        let model = self.store.model(&model_digest).await.map_err(store_unavailable)?;
        let model = model.filter(|model| model.digest == model_digest).ok_or_else(unknown_artifact)?;
        let range = ReadArtifactRequest { model_digest, file, offset_bytes, length_bytes: 0 };
        self.model_file_range(&model, &range)
    }

    fn model_file_range(&self, model: &Model, request: &ReadArtifactRequest) -> Result<FileRange, Status> {
        let dir = self.data.model_dir(&model.digest).ok_or_else(unknown_artifact)?;
        // Models are moved here whole: the folder is there with all files, or not at all.
        if !dir.exists() {
            return Err(Status::not_found("this controller has not fetched the model yet; ask another one"));
        }
        file_range(model, &dir, request)
    }

    /// The model, if it is to run on the node. Nobody else gets its bytes.
    async fn placed_model(&self, node_id: &str, digest: &str) -> Result<Model, Status> {
        let placed = self
            .orders
            .borrow()
            .get(node_id)
            .is_some_and(|state| state.replicas.iter().any(|replica| replica.model_digest == digest));
        if !placed {
            return Err(unknown_artifact());
        }
        self.store.model(digest).await.map_err(store_unavailable)?.ok_or_else(unknown_artifact)
    }
}

fn artifact_file(file: &cloister_store::ModelFile) -> Result<ArtifactFile, Status> {
    let sha256 = hex::decode(&file.sha256).map_err(|error| {
        tracing::error!(%error, "a stored file digest is not hex");
        Status::data_loss("the controller's record of this model is damaged; import the model again")
    })?;
    Ok(ArtifactFile { name: file.name.clone(), size_bytes: file.size_bytes, sha256 })
}

/// Checks name and range against what was imported; the file system is not asked.
fn file_range(model: &Model, dir: &Path, request: &ReadArtifactRequest) -> Result<FileRange, Status> {
    let file = model.files.iter().find(|f| f.name == request.file).ok_or_else(|| {
        Status::not_found("the model has no file of this name; ask DescribeArtifact for its files")
    })?;
    let relative = Path::new(&file.name);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Status::not_found("the name of this file is not a plain relative path"));
    }
    let start = request.offset_bytes;
    let end = match request.length_bytes {
        0 => Some(file.size_bytes),
        length => start.checked_add(length),
    };
    match end {
        Some(end) if start <= end && end <= file.size_bytes => {
            Ok(FileRange { path: dir.join(relative), start, end })
        }
        _ => Err(Status::out_of_range(format!(
            "offset {start} with length {} lies beyond the file's {} bytes",
            request.length_bytes, file.size_bytes
        ))),
    }
}

/// Streams a range in chunks, a little ahead of the network; ends when the reader goes away.
pub(super) fn read_range(range: FileRange) -> mpsc::Receiver<Result<ArtifactChunk, Status>> {
    let (chunks, reader) = mpsc::channel(ARTIFACT_CHUNKS_AHEAD);
    tokio::spawn(async move {
        if let Err(error) = send_range(&range, &chunks).await {
            tracing::error!(%error, path = %range.path.display(), "a model file could not be read");
            let lost = "the controller could not read the model file; import the model again";
            let _ = chunks.send(Err(Status::data_loss(lost))).await;
        }
    });
    reader
}

async fn send_range(
    range: &FileRange,
    chunks: &mpsc::Sender<Result<ArtifactChunk, Status>>,
) -> std::io::Result<()> {
    let mut file = tokio::fs::File::open(&range.path).await?;
    file.seek(std::io::SeekFrom::Start(range.start)).await?;
    let mut left_bytes = range.end - range.start;
    while left_bytes > 0 {
        let wanted = usize::try_from(left_bytes).unwrap_or(usize::MAX).min(ARTIFACT_CHUNK_BYTES);
        let mut data = vec![0; wanted];
        file.read_exact(&mut data).await?;
        left_bytes -= wanted as u64;
        if chunks.send(Ok(ArtifactChunk { data })).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn unknown_artifact() -> Status {
    Status::not_found("no such artifact is placed on this node")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 2_500_000;

    fn model(name: &str) -> Model {
        Model {
            digest: format!("sha256:{}", "0".repeat(64)),
            name: "m".into(),
            bundle: Vec::new(),
            signer_key_id: String::new(),
            files: vec![cloister_store::ModelFile {
                name: name.into(),
                sha256: "00".into(),
                size_bytes: SIZE,
            }],
            facts: serde_json::Value::Null,
            size_bytes: SIZE,
            imported_at: jiff::Timestamp::UNIX_EPOCH,
            approval: cloister_store::Approval::Approved,
            approved_by: None,
            approved_at: None,
            retirement: None,
        }
    }

    fn request(file: &str, offset_bytes: u64, length_bytes: u64) -> ReadArtifactRequest {
        ReadArtifactRequest {
            file: file.into(),
            offset_bytes,
            length_bytes,
            ..ReadArtifactRequest::default()
        }
    }

    #[test]
    fn ranges_end_with_the_file() {
        let cases = [
            (0, 0, Ok((0, SIZE))),
            (1, 0, Ok((1, SIZE))),
            (SIZE, 0, Ok((SIZE, SIZE))),
            (SIZE - 1, 1, Ok((SIZE - 1, SIZE))),
            (SIZE, 1, Err(tonic::Code::OutOfRange)),
            (SIZE + 1, 0, Err(tonic::Code::OutOfRange)),
            (1, u64::MAX, Err(tonic::Code::OutOfRange)),
        ];
        for (offset, length, want) in cases {
            let got = file_range(&model("w.gguf"), Path::new("/m"), &request("w.gguf", offset, length));
            let got = got.map(|r| (r.start, r.end)).map_err(|s| s.code());
            assert_eq!(got, want, "offset {offset} length {length}");
        }
    }

    #[test]
    fn only_listed_files_inside_the_folder_are_read() {
        for (listed, asked) in [("w.gguf", "other"), ("w.gguf", ""), ("../w", "../w"), ("/etc/x", "/etc/x")] {
            let got = file_range(&model(listed), Path::new("/m"), &request(asked, 0, 0));
            assert_eq!(got.unwrap_err().code(), tonic::Code::NotFound, "{asked}");
        }
    }

    #[tokio::test]
    async fn a_range_arrives_in_chunks_byte_for_byte() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("w");
        let bytes: Vec<u8> = (0..SIZE).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let mut chunks = read_range(FileRange { path, start: 7, end: SIZE - 3 });
        let mut got = Vec::new();
        while let Some(chunk) = chunks.recv().await {
            let data = chunk.unwrap().data;
            assert!(data.len() <= ARTIFACT_CHUNK_BYTES);
            got.extend(data);
        }
        assert!(got == bytes[7..bytes.len() - 3]);
    }
}
