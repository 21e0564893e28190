//! From the wire to the engine: every field checked, nothing guessed.

use cloister_proto::inference::v1 as wire;
use cloister_proto::worker::v1::RunRequest;
use cloister_proto::worker::v1::run_request::Input;
use runtime_engine::EngineHandle;
use runtime_engine::limits::MAX_PROMPT_BYTES;
use runtime_engine::sampler::SamplingParams;
use runtime_engine::sequence::{DecodeParams, SequenceRequest, SubmitError};
use runtime_engine::template::Message;
use tonic::Status;

/// The sequence that a request asks for. Tokenizes, so it may take a while: not for the reactor's thread.
pub(crate) fn sequence(request: RunRequest, engine: &EngineHandle) -> Result<SequenceRequest, Status> {
    let sampling = request.sampling.ok_or_else(|| absent("sampling"))?;
    let decode = request.decode.ok_or_else(|| absent("decode"))?;
    let prompt = prompt(request.input.ok_or_else(|| absent("input"))?, engine)?;
    let max_tokens = max_tokens(decode.max_tokens, prompt.len(), engine)?;
    let decode = DecodeParams {
        max_tokens,
        stop: decode.stop,
        ignore_eos: sampling.ignore_eos,
        top_logprobs: decode.top_logprobs,
    };
    Ok(SequenceRequest { prompt, sampling: sampling_params(&sampling)?, decode })
}

fn prompt(input: Input, engine: &EngineHandle) -> Result<Vec<u32>, Status> {
    let refused = |error: &dyn std::error::Error| Status::invalid_argument(error.to_string());
    match input {
        Input::TokenIds(tokens) => Ok(tokens.ids),
        Input::Text(text) => {
            check_bytes(text.len(), engine)?;
            engine.tokenizer().encode_prompt(&text).map_err(|error| refused(&error))
        }
        Input::Conversation(conversation) => {
            let template = engine.template().ok_or_else(|| {
                Status::invalid_argument("this model has no chat template; send a text prompt instead")
            })?;
            check_bytes(conversation.messages.iter().map(|message| message.content.len()).sum(), engine)?;
            let messages: Vec<Message> = conversation
                .messages
                .into_iter()
                .map(|wire::ChatMessage { role, content }| Message { role, content })
                .collect();
            template.encode(engine.tokenizer(), &messages).map_err(|error| refused(&error))
        }
    }
}

/// Refuses text that is too long before spending time on it.
fn check_bytes(bytes: usize, engine: &EngineHandle) -> Result<(), Status> {
    if bytes > MAX_PROMPT_BYTES {
        let message = format!("the prompt has {bytes} bytes; at most {MAX_PROMPT_BYTES} are accepted");
        return Err(Status::invalid_argument(message));
    }
    let (tokens, longest) = (engine.tokenizer().vocabulary().fewest_tokens(bytes), engine.longest_sequence());
    if tokens > longest {
        let message = format!(
            "the prompt has at least {tokens} tokens; this replica's context is {longest}. Shorten the prompt"
        );
        return Err(Status::failed_precondition(message));
    }
    Ok(())
}

/// Absent means what the prompt leaves of the context.
fn max_tokens(asked: Option<u32>, prompt: usize, engine: &EngineHandle) -> Result<usize, Status> {
    let longest = engine.longest_sequence();
    match asked {
        Some(asked) => Ok(asked as usize),
        None if prompt < longest => Ok(longest - prompt),
        None => Err(Status::failed_precondition(format!(
            "the prompt has {prompt} tokens and leaves nothing of the context of {longest}; shorten the prompt"
        ))),
    }
}

fn sampling_params(sampling: &wire::SamplingParams) -> Result<SamplingParams, Status> {
    let given = |field: Option<f32>, name| field.ok_or_else(|| absent(name));
    Ok(SamplingParams {
        temperature: given(sampling.temperature, "sampling.temperature")?,
        top_k: sampling.top_k.ok_or_else(|| absent("sampling.top_k"))?,
        top_p: given(sampling.top_p, "sampling.top_p")?,
        min_p: given(sampling.min_p, "sampling.min_p")?,
        presence_penalty: given(sampling.presence_penalty, "sampling.presence_penalty")?,
        frequency_penalty: given(sampling.frequency_penalty, "sampling.frequency_penalty")?,
        repetition_penalty: given(sampling.repetition_penalty, "sampling.repetition_penalty")?,
        seed: sampling.seed.ok_or_else(|| absent("sampling.seed"))?,
    })
}

fn absent(field: &str) -> Status {
    Status::invalid_argument(format!("{field} is absent; a worker has no defaults"))
}

/// The status that tells the caller what to do about a refusal.
pub(crate) fn refusal(error: &SubmitError) -> Status {
    let message = error.to_string();
    match error {
        SubmitError::QueueFull { .. } => Status::resource_exhausted(message),
        SubmitError::Stopping => Status::unavailable(message),
        SubmitError::ContextExceeded { .. } | SubmitError::CacheExceeded { .. } => {
            Status::failed_precondition(message)
        }
        SubmitError::EmptyPrompt
        | SubmitError::UnknownToken { .. }
        | SubmitError::NoTokens
        | SubmitError::Sampling(_)
        | SubmitError::Stop
        | SubmitError::TopLogprobs { .. } => Status::invalid_argument(message),
    }
}
