//! What the other controllers of the fleet may ask of this one.

use std::pin::Pin;
use std::sync::Arc;

use cloister_proto::peer::v1::peer_service_server::PeerService;
use cloister_proto::peer::v1::{ModelFileChunk, ReadModelFileRequest};
use futures_util::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::Shared;
use super::artifacts::read_range;

pub(super) struct Peers {
    pub(super) shared: Arc<Shared>,
}

#[tonic::async_trait]
impl PeerService for Peers {
    type ReadModelFileStream =
        Pin<Box<dyn futures_util::Stream<Item = Result<ModelFileChunk, Status>> + Send>>;

    async fn read_model_file(
        &self,
        request: Request<ReadModelFileRequest>,
    ) -> Result<Response<Self::ReadModelFileStream>, Status> {
        self.shared.admit_peer(&request)?;
        let range = self.shared.peer_range(request.into_inner()).await?;
        let chunks = ReceiverStream::new(read_range(range));
        let chunks = chunks.map(|chunk| chunk.map(|chunk| ModelFileChunk { data: chunk.data }));
        Ok(Response::new(Box::pin(chunks)))
    }
}
