//! What a simulated replica answers: a few fixed tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloister_proto::agent::v1::inference_up::Message as Up;
use cloister_proto::agent::v1::{InferenceUp, RunFailed};
use cloister_proto::inference::v1::{FinishReason, TokenDetail, TokenLogprob, Usage};
use cloister_proto::worker::v1::run_event::Event;
use cloister_proto::worker::v1::{Finished, RunEvent, RunRequest, Started, Tokens};
use tokio::sync::mpsc;

use crate::board::Board;

/// No arithmetic was done under any contract.
pub(crate) const NUMERICS_CONTRACT: &str = "cn1-0000000000000000";
const PROMPT_TOKEN_IDS: [u32; 3] = [1, 2, 3];
const TOKENS: [(u32, &str); 4] = [(100, "This"), (101, " answer"), (102, " is"), (103, " simulated")];

/// Answers one request, with a pause before each token. Gives its id back.
pub(crate) async fn answer(
    id: String,
    request: RunRequest,
    pause: Duration,
    up: mpsc::Sender<InferenceUp>,
    board: Arc<Board>,
) -> String {
    let began = Instant::now();
    for event in events(&request) {
        if matches!(event, Event::Tokens(_)) {
            tokio::time::sleep(pause).await;
        }
        let event = with_times(event, began, pause);
        let message =
            InferenceUp { request_id: id.clone(), message: Some(Up::Event(RunEvent { event: Some(event) })) };
        // A closed queue means that the stream is gone, and with it whoever asked.
        if up.send(message).await.is_err() {
            return id;
        }
    }
    board.answers.add_one();
    id
}

/// The answer that is no answer.
pub(crate) fn failed(request_id: String, code: tonic::Code, message: &str) -> InferenceUp {
    let failed = RunFailed { code: code.into(), message: message.to_owned() };
    InferenceUp { request_id, message: Some(Up::Failed(failed)) }
}

/// Depends on the request alone.
fn events(request: &RunRequest) -> Vec<Event> {
    let decode = request.decode.clone().unwrap_or_default();
    let max_tokens = decode.max_tokens.map_or(TOKENS.len(), |max| max as usize);
    let count = max_tokens.min(TOKENS.len());
    let reason = if max_tokens < TOKENS.len() { FinishReason::Length } else { FinishReason::Stop };
    let usage = Usage {
        prompt_tokens: PROMPT_TOKEN_IDS.len() as u32,
        completion_tokens: count as u32,
        ..Usage::default()
    };
    let mut events = vec![Event::Started(Started {
        prompt_token_ids: PROMPT_TOKEN_IDS.to_vec(),
        numerics_contract: NUMERICS_CONTRACT.to_owned(),
    })];
    events.extend(TOKENS[..count].iter().map(|(token_id, text)| {
        Event::Tokens(Tokens {
            text: (*text).to_owned(),
            token_ids: vec![*token_id],
            logprobs: decode.top_logprobs.map(|_| certain(*token_id, text)).into_iter().collect(),
        })
    }));
    events.push(Event::Finished(Finished { reason: reason.into(), usage: Some(usage) }));
    events
}

/// A token that could not have been another.
fn certain(token_id: u32, text: &str) -> TokenDetail {
    let chosen = TokenLogprob { token_id, token: text.as_bytes().to_vec(), logprob: 0.0 };
    TokenDetail { chosen: Some(chosen), top: Vec::new() }
}

fn with_times(mut event: Event, began: Instant, pause: Duration) -> Event {
    if let Event::Finished(Finished { usage: Some(usage), .. }) = &mut event {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        usage.total_time_us = us(began.elapsed());
        usage.time_to_first_token_us = us(pause).min(usage.total_time_us);
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloister_proto::inference::v1::DecodeParams;

    fn answered(max_tokens: Option<u32>, top_logprobs: Option<u32>) -> Vec<Event> {
        let decode = DecodeParams { max_tokens, top_logprobs, ..DecodeParams::default() };
        events(&RunRequest { decode: Some(decode), ..RunRequest::default() })
    }

    fn finish(events: &[Event]) -> (FinishReason, u32) {
        match events.last() {
            Some(Event::Finished(finished)) => (finished.reason(), finished.usage.unwrap().completion_tokens),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_begins_with_started_and_ends_where_the_caller_wants() {
        for (max_tokens, wanted) in [
            (None, (FinishReason::Stop, 4)),
            (Some(100), (FinishReason::Stop, 4)),
            (Some(4), (FinishReason::Stop, 4)),
            (Some(2), (FinishReason::Length, 2)),
        ] {
            let events = answered(max_tokens, None);
            assert!(matches!(events[0], Event::Started(_)));
            assert_eq!(finish(&events), wanted, "{max_tokens:?}");
            assert_eq!(events.len(), wanted.1 as usize + 2);
        }
    }

    #[test]
    fn log_probabilities_come_only_when_they_are_asked_for() {
        let logprobs = |top| match &answered(None, top)[1] {
            Event::Tokens(tokens) => tokens.logprobs.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!((logprobs(None), logprobs(Some(0))), (0, 1));
    }
}
