//! Sends an answer: as one object, or as server-sent events while it is decoded.

use std::convert::Infallible;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;

use super::error;
use super::params::Delivery;
use super::render::{Gathered, Renderer, Shape};
use crate::authenticate::now_unix_s;
use crate::failure::Failure;
use crate::inference::{Answer, AnswerEvent, Finished};
use crate::options::Options;

const RECORD_HEADER: &str = "x-cloister-record";
const COMPLETION_HEADER: &str = "x-cloister-completion-record";
const DIGEST_HEADER: &str = "x-cloister-model-digest";

/// How an answer is to look.
pub(super) struct Plan {
    pub(super) shape: Shape,
    pub(super) delivery: Delivery,
    pub(super) logprobs: bool,
}

impl Plan {
    pub(super) async fn send(self, answer: Answer, options: &Options) -> Response {
        let (record, digest) = (answer.record.clone(), answer.model_digest.clone());
        let stream = self.delivery.stream;
        let renderer = self.renderer(&answer);
        let mut response =
            if stream { streamed(answer, renderer, options).await } else { whole(answer, renderer).await };
        set(&mut response, RECORD_HEADER, &record);
        set(&mut response, DIGEST_HEADER, &digest);
        response
    }

    fn renderer(self, answer: &Answer) -> Renderer {
        let prefix = match self.shape {
            Shape::Chat => "chatcmpl",
            Shape::Text => "cmpl",
        };
        Renderer {
            shape: self.shape,
            delivery: self.delivery,
            logprobs: self.logprobs,
            id: format!("{prefix}-{}", answer.record),
            created_unix_s: now_unix_s(),
            model: answer.deployment.clone(),
            record: answer.record.clone(),
            numerics_contract: None,
            offset_chars: 0,
        }
    }
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    // Ids and digests are ASCII; one that is not would be left out rather than break the answer.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

async fn whole(answer: Answer, mut renderer: Renderer) -> Response {
    match gather(answer, &mut renderer).await {
        Err(failure) => error::response(&failure),
        Ok((gathered, finished)) => {
            let json = renderer.whole(&gathered, &finished);
            let mut response = (StatusCode::OK, json).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            set(&mut response, COMPLETION_HEADER, &finished.completed_record);
            response
        }
    }
}

async fn gather(mut answer: Answer, renderer: &mut Renderer) -> Result<(Gathered, Finished), Failure> {
    let mut gathered = Gathered::default();
    loop {
        match answer.next().await {
            AnswerEvent::Started { prompt_token_ids, numerics_contract } => {
                gathered.prompt_token_ids = prompt_token_ids;
                renderer.numerics_contract = Some(numerics_contract);
            }
            AnswerEvent::Tokens { text, token_ids, logprobs } => {
                gathered.text.push_str(&text);
                gathered.token_ids.extend(token_ids);
                gathered.logprobs.extend(logprobs);
            }
            AnswerEvent::Finished(finished) => return Ok((gathered, finished)),
            AnswerEvent::Failed(failure) => return Err(failure),
        }
    }
}

/// Waits a little for the first event, so that a refusal gets its own status; then the status line goes
/// out, and comments keep the connection open.
async fn streamed(mut answer: Answer, renderer: Renderer, options: &Options) -> Response {
    let first = match tokio::time::timeout(options.status_grace, answer.next()).await {
        Ok(AnswerEvent::Failed(failure)) => return error::response(&failure),
        Ok(event) => Some(event),
        Err(_) => None,
    };
    let keep_alive = KeepAlive::new().interval(options.keep_alive).text("keep-alive");
    let mut response = Sse::new(events(first, answer, renderer)).keep_alive(keep_alive).into_response();
    // Proxies that gather output before they pass it on (nginx, for one) read this header.
    set(&mut response, "x-accel-buffering", "no");
    response
}

fn events(
    first: Option<AnswerEvent>,
    mut answer: Answer,
    mut renderer: Renderer,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        let mut pending = first;
        loop {
            let event = match pending.take() {
                Some(event) => event,
                None => answer.next().await,
            };
            let end = matches!(event, AnswerEvent::Finished(_) | AnswerEvent::Failed(_));
            for data in chunks(event, &mut renderer) {
                yield Ok(data);
            }
            if end {
                break;
            }
        }
    }
}

fn chunks(event: AnswerEvent, renderer: &mut Renderer) -> Vec<Event> {
    match event {
        AnswerEvent::Started { prompt_token_ids, numerics_contract } => {
            renderer.numerics_contract = Some(numerics_contract);
            renderer.first(&prompt_token_ids).into_iter().map(data).collect()
        }
        AnswerEvent::Tokens { text, token_ids, logprobs } => {
            renderer.tokens(&text, &token_ids, &logprobs).into_iter().map(data).collect()
        }
        AnswerEvent::Finished(finished) => {
            let done = std::iter::once("[DONE]".to_owned());
            renderer.last(&finished).into_iter().chain(done).map(data).collect()
        }
        // No `[DONE]` follows: the answer is not done.
        AnswerEvent::Failed(failure) => {
            let body = serde_json::to_string(&error::body(&failure)).unwrap_or_default();
            vec![data(body)]
        }
    }
}

fn data(json: String) -> Event {
    Event::default().data(json)
}
