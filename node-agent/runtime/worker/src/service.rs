//! `cloister.worker.v1.WorkerService`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cloister_proto::worker::v1::worker_service_server::WorkerService;
use cloister_proto::worker::v1::{
    DrainRequest, DrainResponse, RunEvent, RunRequest, Started, StatusRequest, StatusResponse,
};
use futures_util::Stream;
use runtime_engine::EngineHandle;
use runtime_engine::sequence::SequenceStream;
use runtime_formats::numerics::contract_id;
use tonic::{Request, Response, Status};

use crate::events::{self, Running};
use crate::limits::MAX_DRAIN;
use crate::state::{NotServing, State};
use crate::{deadline, request, trace};

/// The service over one worker's state.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    state: Arc<State>,
}

impl Service {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[tonic::async_trait]
impl WorkerService for Service {
    type RunStream = Pin<Box<dyn Stream<Item = Result<RunEvent, Status>> + Send>>;

    async fn run(&self, request: Request<RunRequest>) -> Result<Response<Self::RunStream>, Status> {
        let deadline = deadline::of(request.metadata());
        let request = request.into_inner();
        let span = trace::span(&request.request_id, &request.traceparent);
        let (engine, in_flight) = self.state.enter().map_err(not_serving)?;
        let (prompt_token_ids, stream) = submit(engine.clone(), request).await?;
        span.record("prompt_tokens", prompt_token_ids.len());
        let started = Started { prompt_token_ids, numerics_contract: contract_id().to_owned() };
        let running = Running { stream, engine, deadline, span, _in_flight: in_flight };
        Ok(Response::new(Box::pin(events::of(started, running))))
    }

    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        Ok(Response::new(self.state.status()))
    }

    async fn drain(&self, request: Request<DrainRequest>) -> Result<Response<DrainResponse>, Status> {
        let patience = Duration::from_millis(request.into_inner().deadline_ms).min(MAX_DRAIN);
        let mut in_flight = self.state.drain();
        let drained = tokio::time::timeout(patience, in_flight.wait_for(|calls| *calls == 0)).await.is_ok();
        let cancelled = if drained { 0 } else { *in_flight.borrow() };
        self.state.cancel_all();
        Ok(Response::new(DrainResponse { cancelled }))
    }
}

/// Tokenizes and queues a request: off the reactor's thread, for a long prompt takes a while.
async fn submit(engine: EngineHandle, request: RunRequest) -> Result<(Vec<u32>, SequenceStream), Status> {
    let submitting = move || {
        let sequence = request::sequence(request, &engine)?;
        let prompt = sequence.prompt.clone();
        let stream = engine.submit(sequence).map_err(|error| request::refusal(&error))?;
        Ok((prompt, stream))
    };
    tokio::task::spawn_blocking(submitting)
        .await
        .unwrap_or_else(|_| Err(Status::internal("tokenization failed; see the worker's log")))
}

fn not_serving(reason: NotServing) -> Status {
    Status::unavailable(reason.to_string())
}
