//! The one path that both protocols take: scope, ranges, a slot, then the inference itself.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::authenticate::{Caller, admitted, authenticate};
use crate::balance::Balance;
use crate::dispatch::Dispatcher;
use crate::failure::Failure;
use crate::inference::{Answer, Inference};
use crate::journal::{Facts, Journal};
use crate::limits;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::request::{Call, InferenceRequest, Input};
use crate::routes::{Grant, Route, Routes};
use crate::{trace, validate};

/// What every request shares.
pub(crate) struct Core {
    pub(crate) options: Options,
    pub(crate) routes: watch::Receiver<Arc<Routes>>,
    pub(crate) dispatcher: Arc<dyn Dispatcher>,
    pub(crate) journal: Journal,
    pub(crate) balance: Arc<Balance>,
    pub(crate) metrics: Metrics,
    /// One permit for each inference that owes a record; all of them back means none does.
    pub(crate) open: Arc<Semaphore>,
    /// No new inference is let in.
    pub(crate) draining: CancellationToken,
    /// Running inferences are ended.
    pub(crate) stop: CancellationToken,
}

impl Core {
    /// Who sent this `Authorization` header.
    pub(crate) fn authenticate(&self, authorization: Option<&str>) -> Result<Caller, Failure> {
        authenticate(Arc::clone(&self.routes.borrow()), authorization)
    }

    /// Who sent this HTTP request.
    pub(crate) fn identify(&self, head: &http::request::Parts) -> Result<Caller, Failure> {
        let authorization = crate::http::authorization(head);
        admitted(Arc::clone(&self.routes.borrow()), head.extensions.get::<Grant>(), authorization)
    }

    /// Takes a request in. When this returns `Ok`, it is durably on record.
    pub(crate) async fn infer(
        self: &Arc<Self>,
        caller: &Caller,
        call: &Call,
        mut request: InferenceRequest,
    ) -> Result<Answer, Failure> {
        let accepted = Instant::now();
        if self.draining.is_cancelled() {
            return Err(Failure::ShuttingDown);
        }
        let route = self.admit(caller, call, &request.model).await?;
        validate::complete(&mut request, &route)?;
        let slot = self.balance.take(&route, None)?;
        let span = accept_span(&request);
        let trace = trace::join(&span, call.traceparent.as_deref());
        let (request, canonical) = canonical(request).await?;
        let facts = Facts { caller, call, route: &route, request: &request, trace_id: &trace.trace_id };
        let entry = self.journal.entry(facts, &canonical)?;
        let (protocol, operation) = (request.protocol, request.operation);
        let request = request.into_run(entry.id.clone(), trace.traceparent);
        let timeout = call.timeout.unwrap_or(self.options.default_timeout).min(limits::MAX_TIMEOUT);
        let core = Arc::clone(self);
        let inference =
            Inference { core, protocol, operation, route, entry, request, slot, accepted, timeout, span };
        inference.start().await
    }

    /// The deployment that answers, if the key's scope includes it. A key with a scope learns nothing
    /// of what exists outside of it.
    async fn admit(&self, caller: &Caller, call: &Call, model: &str) -> Result<Route, Failure> {
        validate::model_name(model)?;
        let route = caller.routes.find(&caller.grant, model);
        if !caller.grant.covers(model, route) {
            let denied = Failure::ModelForbidden { model: model.to_owned() };
            self.journal.denied(caller, call, route, denied.code()).await?;
            return Err(denied);
        }
        route.cloned().ok_or_else(|| Failure::ModelUnknown { model: model.to_owned() })
    }
}

/// The bytes that the prompt's commitment covers. A long prompt is not serialised on an async thread.
async fn canonical(request: InferenceRequest) -> Result<(InferenceRequest, Vec<u8>), Failure> {
    let serialise = |input: &Input| input.canonical().map_err(|_| Failure::Internal);
    if request.input.size_bytes() <= limits::OFFLOAD_BYTES {
        let bytes = serialise(&request.input)?;
        return Ok((request, bytes));
    }
    let work = move || serialise(&request.input).map(|bytes| (request, bytes));
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Internal)?
}

/// The request's span, with the attributes of OpenTelemetry's GenAI conventions and no content.
fn accept_span(request: &InferenceRequest) -> Span {
    use tracing::field::Empty;
    let (sampling, decode) = (&request.sampling, &request.decode);
    tracing::info_span!(
        "gateway.accept",
        "otel.kind" = "server",
        "gen_ai.provider.name" = "cloister",
        "gen_ai.operation.name" = request.operation.gen_ai_name(),
        "gen_ai.request.model" = %request.model,
        "gen_ai.request.max_tokens" = decode.max_tokens,
        "gen_ai.request.temperature" = sampling.temperature,
        "gen_ai.request.top_p" = sampling.top_p,
        "gen_ai.request.top_k" = sampling.top_k,
        "gen_ai.request.seed" = sampling.seed,
        "gen_ai.usage.input_tokens" = Empty,
        "gen_ai.usage.output_tokens" = Empty,
        "gen_ai.response.id" = Empty,
        "gen_ai.response.finish_reasons" = Empty,
        "gen_ai.response.time_to_first_chunk" = Empty,
        "error.type" = Empty,
    )
}
