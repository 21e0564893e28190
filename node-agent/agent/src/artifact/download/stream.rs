//! One range over the wire.

use std::sync::Arc;

use cloister_proto::agent::v1::ReadArtifactRequest;
use cloister_proto::agent::v1::agent_service_client::AgentServiceClient;
use tonic::transport::Channel;

use super::file::PartialFile;
use crate::artifact::ArtifactError;
use crate::artifact::error::blocking;
use crate::artifact::ranges::Range;
use crate::backoff::Backoff;
use crate::channel::ControllerChannel;
use crate::limits::{CHUNK_MAX_BYTES, CHUNK_TIMEOUT, RANGE_ATTEMPTS};

/// Fetches a range, going on where a broken stream ended.
pub(crate) async fn fetch_range(
    controller: &ControllerChannel,
    digest: &str,
    file: &Arc<PartialFile>,
    range: Range,
    arrived: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), ArtifactError> {
    let mut call = Call { digest, file, range, done_bytes: 0, arrived };
    let mut backoff = Backoff::reconnect();
    let mut attempts_left = RANGE_ATTEMPTS;
    loop {
        let before = call.done_bytes;
        let reason = match call.attempt(controller).await? {
            Outcome::Complete => return Ok(()),
            Outcome::Broken(reason) => reason,
        };
        // Only attempts that moved nothing count: a slow line is no reason to give up.
        attempts_left = if call.done_bytes > before { RANGE_ATTEMPTS } else { attempts_left - 1 };
        if attempts_left == 0 {
            let offset_bytes = range.offset_bytes + call.done_bytes;
            return Err(ArtifactError::BrokeOff { file: file.name.clone(), offset_bytes, reason });
        }
        tokio::time::sleep(backoff.next_wait()).await;
    }
}

enum Outcome {
    Complete,
    Broken(String),
}

struct Call<'a> {
    digest: &'a str,
    file: &'a Arc<PartialFile>,
    range: Range,
    done_bytes: u64,
    arrived: &'a (dyn Fn(u64) + Send + Sync),
}

impl Call<'_> {
    async fn attempt(&mut self, controller: &ControllerChannel) -> Result<Outcome, ArtifactError> {
        let Some(channel) = controller.current() else { return Ok(Outcome::Broken("not connected".into())) };
        match self.stream(channel).await? {
            Ok(()) if self.done_bytes == self.range.length_bytes => Ok(Outcome::Complete),
            Ok(()) => Ok(Outcome::Broken("the stream ended early".into())),
            Err(status) => self.judge(&status),
        }
    }

    /// The inner result is the stream's end, the outer one what no retry mends.
    async fn stream(&mut self, channel: Channel) -> Result<Result<(), tonic::Status>, ArtifactError> {
        let request = ReadArtifactRequest {
            model_digest: self.digest.to_owned(),
            file: self.file.name.clone(),
            offset_bytes: self.range.offset_bytes + self.done_bytes,
            length_bytes: self.range.length_bytes - self.done_bytes,
        };
        let mut client = AgentServiceClient::new(channel);
        let mut chunks = match tokio::time::timeout(CHUNK_TIMEOUT, client.read_artifact(request)).await {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) => return Ok(Err(status)),
            Err(_) => return Ok(Err(tonic::Status::unavailable("no answer in time"))),
        };
        loop {
            match tokio::time::timeout(CHUNK_TIMEOUT, chunks.message()).await {
                Ok(Ok(Some(chunk))) => self.write(chunk.data).await?,
                Ok(Ok(None)) => return Ok(Ok(())),
                Ok(Err(status)) => return Ok(Err(status)),
                Err(_) => return Ok(Err(tonic::Status::unavailable("no byte in time"))),
            }
        }
    }

    async fn write(&mut self, data: Vec<u8>) -> Result<(), ArtifactError> {
        let protocol = |what| ArtifactError::Protocol { file: self.file.name.clone(), what };
        let length = data.len() as u64;
        if data.len() > CHUNK_MAX_BYTES {
            return Err(protocol("a chunk of more than 1 MiB"));
        }
        if length > self.range.length_bytes - self.done_bytes {
            return Err(protocol("more bytes than were asked for"));
        }
        let (file, offset_bytes) = (Arc::clone(self.file), self.range.offset_bytes + self.done_bytes);
        blocking(move || file.write_at(&data, offset_bytes)).await?;
        self.done_bytes += length;
        (self.arrived)(length);
        Ok(())
    }

    fn judge(&self, status: &tonic::Status) -> Result<Outcome, ArtifactError> {
        match ArtifactError::from_status(self.digest, status) {
            ArtifactError::ControllerAway => Ok(Outcome::Broken(status.message().to_owned())),
            error => Err(error),
        }
    }
}
