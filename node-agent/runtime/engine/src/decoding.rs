//! One sequence between the sampler and its reader: detokenizing, stopping, reporting.

use std::time::Duration;

use crate::batcher::Verdict;
use crate::engine::InSystem;
use crate::sampler::{Sampled, Sampler};
use crate::sequence::{
    DecodeParams, DecodedToken, EventSender, FinishReason, Finished, SequenceEvent, SequenceFailure,
    SequenceRequest,
};
use crate::stop::{StopMatcher, Watched};
use crate::tokenizer::{Detokenizer, Tokenizer};

/// The state of a sequence that is not the batcher's business.
#[derive(Debug)]
pub(crate) struct Decoding {
    sampler: Sampler,
    detokenizer: Detokenizer,
    stop: StopMatcher,
    max_tokens: usize,
    ignore_eos: bool,
    prompt_tokens: usize,
    decoded: usize,
    first_token: Option<Duration>,
    events: EventSender,
    /// Given back before the reader learns of the end, so that it may submit the next at once.
    in_system: Option<InSystem>,
}

impl Decoding {
    pub(crate) fn new(request: SequenceRequest, events: EventSender, in_system: InSystem) -> Self {
        let SequenceRequest { prompt, sampling, decode } = request;
        let DecodeParams { max_tokens, stop, ignore_eos, top_logprobs } = decode;
        Self {
            sampler: Sampler::new(sampling, top_logprobs, &prompt),
            detokenizer: Detokenizer::default(),
            stop: StopMatcher::new(stop),
            max_tokens,
            ignore_eos,
            prompt_tokens: prompt.len(),
            decoded: 0,
            first_token: None,
            events,
            in_system: Some(in_system),
        }
    }

    /// The reader has gone or asked to stop.
    pub(crate) fn cancelled(&self) -> bool {
        self.events.cancelled()
    }

    /// Tokens decoded so far.
    pub(crate) fn decoded(&self) -> usize {
        self.decoded
    }

    /// Tokens of the prompt.
    pub(crate) fn prompt_tokens(&self) -> usize {
        self.prompt_tokens
    }

    /// Chooses the next token from `logits` and tells the reader.
    pub(crate) fn advance(&mut self, logits: &mut [f32], tokenizer: &Tokenizer) -> Verdict {
        match self.sampler.sample(logits) {
            Ok(sampled) => self.accept(sampled, tokenizer),
            Err(error) => {
                self.fail(error.into());
                Verdict::Ended
            }
        }
    }

    /// Tells the reader that the model cannot go on.
    pub(crate) fn fail(&mut self, failure: SequenceFailure) {
        self.in_system = None;
        self.events.send(SequenceEvent::Failed(failure));
    }

    /// Tells the reader that the sequence ends here.
    pub(crate) fn finish(&mut self, reason: FinishReason) {
        let held = format!("{}{}", self.stop.finish(), self.detokenizer.finish());
        self.report_end(reason, held);
    }

    fn accept(&mut self, sampled: Sampled, tokenizer: &Tokenizer) -> Verdict {
        self.decoded += 1;
        self.first_token.get_or_insert(self.events.age());
        let Sampled { token, logprobs } = sampled;
        let watched = self.stop.push(&self.detokenizer.push(tokenizer.vocabulary().bytes(token)));
        let (text, stopped) = match watched {
            Watched::Text(text) => (text, false),
            Watched::Stopped(text) => (text, true),
        };
        self.events.send(SequenceEvent::Token(DecodedToken { id: token, text, logprobs }));
        if stopped {
            self.report_end(FinishReason::Stop, String::new());
            return Verdict::Ended;
        }
        let ended = !self.ignore_eos && tokenizer.end_ids().contains(&token);
        match (ended, self.decoded >= self.max_tokens) {
            (true, _) => self.finish(FinishReason::Stop),
            (false, true) => self.finish(FinishReason::Length),
            (false, false) => return Verdict::Next(token),
        }
        Verdict::Ended
    }

    fn report_end(&mut self, reason: FinishReason, text: String) {
        self.in_system = None;
        let total_time = self.events.age();
        self.events.send(SequenceEvent::Finished(Finished {
            reason,
            text,
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.decoded,
            time_to_first_token: self.first_token.unwrap_or(total_time),
            total_time,
        }));
    }
}
