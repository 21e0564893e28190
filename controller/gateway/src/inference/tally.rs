//! What was delivered: the one truth behind usage, metrics and the closing record.

use std::time::Instant;

use cloister_proto::inference::v1::{FinishReason, Usage};

use super::{Finished, Stop};
use crate::journal::Closing;
use crate::routes::ReplicaRoute;

/// Grows as events pass.
pub(super) struct Tally {
    pub(super) accepted: Instant,
    pub(super) replica: Option<ReplicaRoute>,
    pub(super) prompt_tokens: Option<u32>,
    pub(super) numerics_contract: Option<String>,
    pub(super) output_ids: Vec<u32>,
    /// When the replica was asked, and when tokens came from it.
    pub(super) dispatched: Option<Instant>,
    pub(super) first_token: Option<Instant>,
    pub(super) last_token: Option<Instant>,
    /// `stop` or `length`, once the replica said so.
    pub(super) finish: Option<&'static str>,
    /// The replica's own measure, which comes with its last event.
    pub(super) usage: Option<Usage>,
}

impl Tally {
    pub(super) fn new(accepted: Instant) -> Self {
        Self {
            accepted,
            replica: None,
            prompt_tokens: None,
            numerics_contract: None,
            output_ids: Vec::new(),
            dispatched: None,
            first_token: None,
            last_token: None,
            finish: None,
            usage: None,
        }
    }

    pub(super) fn closing(&self, end: &Result<FinishReason, Stop>) -> Closing<'_> {
        Closing {
            replica: self.replica.as_ref(),
            output_ids: &self.output_ids,
            prompt_tokens: self.prompt_tokens,
            numerics_contract: self.numerics_contract.as_deref(),
            finish: self.finish.unwrap_or("cancelled"),
            reason: end.as_ref().err().map(Stop::code),
            time_to_first_token_us: self.time_to_first_token_us(),
            total_time_us: self.total_time_us(),
        }
    }

    pub(super) fn finished(&self, reason: FinishReason, completed_record: String) -> Finished {
        Finished {
            reason,
            prompt_tokens: self.prompt_tokens.unwrap_or_default(),
            output_tokens: self.output_tokens(),
            time_to_first_token_us: self.time_to_first_token_us().unwrap_or_default(),
            total_time_us: self.total_time_us(),
            completed_record,
        }
    }

    /// Sets what OpenTelemetry's GenAI conventions ask of a span at its end.
    pub(super) fn describe(&self, span: &tracing::Span, outcome: &'static str, record: &str) {
        span.record("gen_ai.response.id", record);
        span.record("gen_ai.usage.input_tokens", self.prompt_tokens.unwrap_or_default());
        span.record("gen_ai.usage.output_tokens", self.output_tokens());
        if let Some(us) = self.time_to_first_token_us() {
            span.record("gen_ai.response.time_to_first_chunk", us as f64 / 1e6);
        }
        match (outcome, self.finish) {
            ("completed", Some(finish)) => span.record("gen_ai.response.finish_reasons", finish),
            _ => span.record("error.type", outcome),
        };
    }

    fn output_tokens(&self) -> u32 {
        u32::try_from(self.output_ids.len()).unwrap_or(u32::MAX)
    }

    fn time_to_first_token_us(&self) -> Option<u64> {
        self.usage
            .map(|usage| usage.time_to_first_token_us)
            .or_else(|| Some(since_us(self.dispatched?, self.first_token?)))
    }

    /// The replica's measure if it gave one, else this gateway's, from dispatch to now.
    fn total_time_us(&self) -> u64 {
        match (self.usage, self.dispatched) {
            (Some(usage), _) => usage.total_time_us,
            (None, Some(dispatched)) => since_us(dispatched, Instant::now()),
            (None, None) => 0,
        }
    }
}

fn since_us(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX)
}
