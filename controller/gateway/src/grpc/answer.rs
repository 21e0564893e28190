//! An answer as a stream of messages.

use cloister_proto::inference::v1::{ChatResponse, Finish, GenerateResponse, TokenDetail, Usage};
use futures_util::Stream;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Response, Status};

use super::{Responses, status};
use crate::inference::{Answer, AnswerEvent, Finished};

/// One message; the two services differ in a field's name alone.
#[derive(Default)]
pub(super) struct Step {
    text: String,
    token_ids: Vec<u32>,
    prompt_token_ids: Vec<u32>,
    logprobs: Vec<TokenDetail>,
    finish: Option<Finish>,
}

impl From<Step> for GenerateResponse {
    fn from(step: Step) -> Self {
        let Step { text, token_ids, prompt_token_ids, logprobs, finish } = step;
        Self { text, token_ids, prompt_token_ids, logprobs, finish }
    }
}

impl From<Step> for ChatResponse {
    fn from(step: Step) -> Self {
        let Step { text: content, token_ids, prompt_token_ids, logprobs, finish } = step;
        Self { content, token_ids, prompt_token_ids, logprobs, finish }
    }
}

/// Headers now, messages as they come, and the trailers that the contract promises.
pub(super) fn respond<T: From<Step> + Send + 'static>(
    (answer, return_token_ids): (Answer, bool),
) -> Result<Response<Responses<T>>, Status> {
    let mut headers = MetadataMap::new();
    set(&mut headers, "x-cloister-record", &answer.record);
    set(&mut headers, "x-cloister-model-digest", &answer.model_digest);
    let stream: Responses<T> = Box::pin(messages(answer, return_token_ids));
    let mut response = Response::new(stream);
    *response.metadata_mut() = headers;
    Ok(response)
}

fn messages<T: From<Step>>(
    mut answer: Answer,
    return_token_ids: bool,
) -> impl Stream<Item = Result<T, Status>> {
    async_stream::stream! {
        let mut contract = String::new();
        loop {
            match answer.next().await {
                AnswerEvent::Started { prompt_token_ids, numerics_contract } => {
                    contract = numerics_contract;
                    if return_token_ids {
                        yield Ok(Step { prompt_token_ids, ..Step::default() }.into());
                    }
                }
                AnswerEvent::Tokens { text, token_ids, logprobs } => {
                    let token_ids = if return_token_ids { token_ids } else { Vec::new() };
                    if !(text.is_empty() && token_ids.is_empty() && logprobs.is_empty()) {
                        yield Ok(Step { text, token_ids, logprobs, ..Step::default() }.into());
                    }
                }
                AnswerEvent::Finished(finished) => {
                    let trailers = trailers(&answer, &contract, &finished);
                    let finish = Some(finish(&answer, finished));
                    yield Ok(Step { finish, ..Step::default() }.into());
                    // A status of OK with metadata: the only way to send trailers after a stream.
                    yield Err(Status::with_metadata(tonic::Code::Ok, "", trailers));
                    break;
                }
                AnswerEvent::Failed(failure) => {
                    let mut status = status::of(&failure);
                    set(status.metadata_mut(), "x-cloister-record", &answer.record);
                    yield Err(status);
                    break;
                }
            }
        }
    }
}

fn trailers(answer: &Answer, contract: &str, finished: &Finished) -> MetadataMap {
    let mut trailers = MetadataMap::new();
    set(&mut trailers, "x-cloister-model-digest", &answer.model_digest);
    set(&mut trailers, "x-cloister-numerics", contract);
    set(&mut trailers, "x-cloister-completion-record", &finished.completed_record);
    trailers
}

fn finish(answer: &Answer, finished: Finished) -> Finish {
    Finish {
        reason: finished.reason.into(),
        usage: Some(Usage {
            prompt_tokens: finished.prompt_tokens,
            completion_tokens: finished.output_tokens,
            time_to_first_token_us: finished.time_to_first_token_us,
            total_time_us: finished.total_time_us,
        }),
        requested_record: answer.record.clone(),
        completed_record: finished.completed_record,
    }
}

fn set(metadata: &mut MetadataMap, name: &'static str, value: &str) {
    // Ids and digests are ASCII; one that is not would be left out rather than break the answer.
    if let Ok(value) = MetadataValue::try_from(value) {
        metadata.insert(name, value);
    }
}
