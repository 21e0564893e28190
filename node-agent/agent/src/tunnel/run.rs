//! One inference on one worker.

use std::sync::Arc;

use cloister_proto::agent::v1::inference_up::Message as Up;
use cloister_proto::agent::v1::{InferenceUp, RunOnReplica};
use cloister_proto::worker::v1::RunRequest;
use cloister_proto::worker::v1::run_event::Event;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::{Code, Status};
use tracing::Instrument;

use super::active::Ticket;
use super::fail;
use crate::supervisor::{Stopwatch, Workers};
use crate::telemetry;
use crate::work::Timing;

/// Runs it and sends its events up, with exactly one end: a `finished` event or a failure. None once it is
/// cancelled: whoever cancelled does not listen.
pub(crate) async fn run(
    id: String,
    order: RunOnReplica,
    workers: Arc<Workers>,
    up: mpsc::Sender<InferenceUp>,
    ticket: Ticket,
    mut timing: Timing,
) {
    let RunOnReplica { replica_id, request } = order;
    let Some(request) = request else {
        return fail(&up, id, Code::InvalidArgument, "the request is empty".into()).await;
    };
    let span = tracing::info_span!("agent.run", request = id, replica = replica_id);
    telemetry::continue_trace(&span, &request.traceparent);
    let ended = async {
        tokio::select! {
            () = ticket.cancel.cancelled() => Ok(()),
            ended = forward(&id, &replica_id, request, &workers, &up, &mut timing) => ended,
        }
    }
    .instrument(span)
    .await;
    if let Err(status) = ended {
        let (code, message) = explain(&replica_id, &status);
        timing.failed(code);
        fail(&up, id, code, message).await;
    }
}

async fn forward(
    id: &str,
    replica_id: &str,
    mut request: RunRequest,
    workers: &Workers,
    up: &mpsc::Sender<InferenceUp>,
    timing: &mut Timing,
) -> Result<(), Status> {
    let mut client = workers.ready(replica_id).ok_or_else(|| {
        Status::unavailable(format!("replica {replica_id} does not take requests on this node now"))
    })?;
    request.traceparent = telemetry::current_traceparent().unwrap_or(request.traceparent);
    let mut stopwatch = Stopwatch::start(Instant::now());
    let mut events = client.run(request).await?.into_inner();
    while let Some(event) = events.message().await? {
        let last = matches!(event.event, Some(Event::Finished(_)));
        match &event.event {
            Some(Event::Tokens(tokens)) if !tokens.token_ids.is_empty() => {
                timing.tokens();
                stopwatch.saw(tokens.token_ids.len(), Instant::now());
            }
            Some(Event::Finished(_)) => timing.finished(),
            _ => {}
        }
        let message = InferenceUp { request_id: id.to_owned(), message: Some(Up::Event(event)) };
        let is_gone = up.send(message).await.is_err();
        if last {
            workers.speeds().note(replica_id, &stopwatch);
        }
        if is_gone || last {
            return Ok(());
        }
    }
    Err(Status::aborted("the worker ended the answer without saying why"))
}

/// A worker that answers with a status has its own reason; one whose connection broke has died.
fn explain(replica_id: &str, status: &Status) -> (Code, String) {
    let died = std::error::Error::source(status).is_some();
    if died || matches!(status.code(), Code::Unknown | Code::Internal) {
        let message = format!(
            "replica {replica_id} died while it answered; its agent restarts it. Ask again, another replica may answer"
        );
        return (Code::Aborted, message);
    }
    (status.code(), status.message().to_owned())
}
