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
use crate::controllers::Controllers;
use crate::limits::{CHUNK_MAX_BYTES, CHUNK_TIMEOUT, RANGE_ATTEMPTS, RANGE_BYTES};

/// Fetches a range, going on where a broken stream ended: at the next controller, if there is another one.
pub(crate) async fn fetch_range(
    controllers: &Controllers,
    digest: &str,
    file: &Arc<PartialFile>,
    range: Range,
    arrived: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), ArtifactError> {
    let mut call = Call { digest, file, range, done_bytes: 0, arrived };
    let mut backoff = Backoff::reconnect();
    let mut attempts_left = RANGE_ATTEMPTS;
    // Neighbouring ranges begin at different controllers: none of them carries the whole load.
    let mut turn = usize::try_from(range.offset_bytes / RANGE_BYTES).unwrap_or(0);
    let mut refused = 0;
    loop {
        let before = call.done_bytes;
        let channels = controllers.channels();
        let outcome = match channels.get(turn % channels.len().max(1)) {
            Some(channel) => call.attempt(channel.clone()).await?,
            None => Outcome::Broken("not connected".into()),
        };
        turn = turn.wrapping_add(1);
        let reason = match outcome {
            Outcome::Complete => return Ok(()),
            // Another controller may have what this one has not, and is asked at once.
            Outcome::Refused(error) => {
                refused += 1;
                if refused >= channels.len() {
                    return Err(error);
                }
                continue;
            }
            Outcome::Broken(reason) => reason,
        };
        refused = 0;
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
    /// The controller does not hand it out.
    Refused(ArtifactError),
}

struct Call<'a> {
    digest: &'a str,
    file: &'a Arc<PartialFile>,
    range: Range,
    done_bytes: u64,
    arrived: &'a (dyn Fn(u64) + Send + Sync),
}

impl Call<'_> {
    async fn attempt(&mut self, channel: Channel) -> Result<Outcome, ArtifactError> {
        match self.stream(channel).await? {
            Ok(()) if self.done_bytes == self.range.length_bytes => Ok(Outcome::Complete),
            Ok(()) => Ok(Outcome::Broken("the stream ended early".into())),
            Err(status) => Ok(self.judge(&status)),
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

    fn judge(&self, status: &tonic::Status) -> Outcome {
        match ArtifactError::from_status(self.digest, status) {
            ArtifactError::ControllerAway => Outcome::Broken(status.message().to_owned()),
            error => Outcome::Refused(error),
        }
    }
}
