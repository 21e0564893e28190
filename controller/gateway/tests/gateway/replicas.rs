//! Replicas that do as a script says: the only way to have one refuse, hang or die at a given event.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use cloister_gateway::{DispatchError, Dispatcher, ReplicaRoute, RunFailed, RunStream};
use cloister_proto::inference::v1::{FinishReason, TokenDetail, TokenLogprob, Usage};
use cloister_proto::worker::v1::run_event::Event;
use cloister_proto::worker::v1::{Finished, RunEvent, RunRequest, Started, Tokens};
use tokio::sync::watch;
use tonic::Code;

pub(crate) const CONTRACT: &str = "cn1-00112233445566ff";

/// One thing that a replica does.
#[derive(Clone)]
pub(crate) enum Step {
    Started,
    /// Text and ids; each id comes with log-probabilities if they were asked for.
    Tokens(&'static str, Vec<u32>),
    Finished(FinishReason),
    Fail(Code),
    /// Goes on when the gate is opened.
    Wait(watch::Receiver<bool>),
    Hang,
}

/// An answer of three tokens to a prompt of two.
pub(crate) fn hello() -> Vec<Step> {
    vec![
        Step::Started,
        Step::Tokens("Hel", vec![10]),
        Step::Tokens("", vec![11]),
        Step::Tokens("lo", vec![12]),
        Step::Finished(FinishReason::Stop),
    ]
}

/// All replicas of the test's fleet.
pub(crate) struct Replicas {
    scripts: Mutex<HashMap<String, VecDeque<Vec<Step>>>>,
    pub(crate) calls: Mutex<Vec<(String, RunRequest)>>,
    cancelled: watch::Sender<usize>,
}

impl Replicas {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            scripts: Mutex::default(),
            calls: Mutex::default(),
            cancelled: watch::Sender::new(0),
        })
    }

    /// What `replica` does with its next call; without a script it says [`hello`].
    pub(crate) fn script(&self, replica: &str, steps: Vec<Step>) {
        self.scripts.lock().unwrap().entry(replica.into()).or_default().push_back(steps);
    }

    pub(crate) fn call_count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub(crate) fn last_request(&self) -> RunRequest {
        self.calls.lock().unwrap().last().expect("a call").1.clone()
    }

    /// Returns when `count` streams were dropped before their last event.
    pub(crate) async fn cancelled(&self, count: usize) {
        let mut seen = self.cancelled.subscribe();
        let enough = seen.wait_for(|cancelled| *cancelled >= count);
        tokio::time::timeout(std::time::Duration::from_secs(10), enough).await.expect("cancelled").unwrap();
    }
}

impl Dispatcher for Replicas {
    fn dispatch(&self, replica: &ReplicaRoute, request: RunRequest) -> Result<RunStream, DispatchError> {
        let logprobs = request.decode.as_ref().is_some_and(|decode| decode.top_logprobs.is_some());
        self.calls.lock().unwrap().push((replica.replica_id.clone(), request));
        let steps = self.scripts.lock().unwrap().get_mut(&replica.replica_id).and_then(VecDeque::pop_front);
        let guard = Guard { done: false, cancelled: self.cancelled.clone() };
        Ok(Box::pin(play(steps.unwrap_or_else(hello), guard, logprobs)))
    }
}

struct Guard {
    done: bool,
    cancelled: watch::Sender<usize>,
}

impl Guard {
    fn finish(&mut self) {
        self.done = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.done {
            self.cancelled.send_modify(|count| *count += 1);
        }
    }
}

fn play(
    steps: Vec<Step>,
    mut guard: Guard,
    logprobs: bool,
) -> impl futures_util::Stream<Item = Result<RunEvent, RunFailed>> {
    async_stream::stream! {
        let mut output = 0;
        for step in steps {
            let event = match step {
                Step::Started => Event::Started(Started {
                    prompt_token_ids: vec![1, 2],
                    numerics_contract: CONTRACT.into(),
                }),
                Step::Tokens(text, token_ids) => {
                    output += token_ids.len() as u32;
                    Event::Tokens(tokens(text, token_ids, logprobs))
                }
                Step::Finished(reason) => {
                    guard.finish();
                    Event::Finished(finished(reason, output))
                }
                Step::Fail(code) => {
                    guard.finish();
                    yield Err(RunFailed { code, message: "130 tokens do not fit 100".into() });
                    return;
                }
                Step::Wait(mut gate) => {
                    let _ = gate.wait_for(|open| *open).await;
                    continue;
                }
                Step::Hang => std::future::pending().await,
            };
            yield Ok(RunEvent { event: Some(event) });
        }
        guard.finish();
    }
}

fn tokens(text: &str, token_ids: Vec<u32>, logprobs: bool) -> Tokens {
    let detail = |id: &u32| TokenDetail {
        chosen: Some(TokenLogprob { token_id: *id, token: vec![0xc3], logprob: f32::NEG_INFINITY }),
        top: vec![TokenLogprob { token_id: 99, token: b"x".to_vec(), logprob: -0.5 }],
    };
    let logprobs = if logprobs { token_ids.iter().map(detail).collect() } else { Vec::new() };
    Tokens { text: text.into(), token_ids, logprobs }
}

fn finished(reason: FinishReason, completion_tokens: u32) -> Finished {
    let usage = Usage { prompt_tokens: 2, completion_tokens, time_to_first_token_us: 7, total_time_us: 9 };
    Finished { reason: reason.into(), usage: Some(usage) }
}
