//! What one node said of itself at one moment, and what happened between two such moments.

use std::collections::HashMap;

use cloister_proto::agent::v1::{CpuTime, Work};
use cloister_store::{Figures, FirstTokens};

use crate::fleet::LiveNode;

/// Counted over less than this, figures say nothing.
const SPAN_MIN_MS: u64 = 1_000;

/// What is counted up.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Another agent process has counted from 0 again.
    boot_id: String,
    cpu_time: Option<CpuTime>,
    work: Option<Work>,
    /// Prompt and output tokens of each worker process: by replica id, and how often it was started anew.
    tokens: HashMap<(String, u32), (u64, u64)>,
}

impl Reading {
    pub(super) fn of(node: &LiveNode) -> Self {
        let tokens = node.replicas.values().filter_map(|replica| {
            let worker = replica.worker.as_ref()?;
            let counted = (worker.prompt_tokens_total, worker.completion_tokens_total);
            Some(((replica.replica_id.clone(), replica.restarts), counted))
        });
        Self {
            boot_id: node.boot_id.clone(),
            cpu_time: node.cpu_time,
            work: node.work.clone(),
            tokens: tokens.collect(),
        }
    }

    /// Takes from `node` what was not known yet: some of it comes with the first heartbeat only.
    pub(super) fn complete(&mut self, node: &LiveNode) {
        self.cpu_time = self.cpu_time.or(node.cpu_time);
        if self.work.is_none() {
            (self.work, self.boot_id) = (node.work.clone(), node.boot_id.clone());
        }
    }

    /// What was counted since `before`, `span_ms` ago.
    pub(super) fn since(&self, before: &Self, span_ms: u64) -> Figures {
        if span_ms < SPAN_MIN_MS {
            return Figures::default();
        }
        let (prompt_tokens, output_tokens) = self.tokens_since(before);
        let cpu = self.cpu_time.zip(before.cpu_time).map(|(now, before)| {
            let total = counted(now.total_ticks, before.total_ticks);
            (counted(now.busy_ticks, before.busy_ticks).min(total), total)
        });
        let work = self.work.as_ref().zip(before.work.as_ref());
        let work = work.map(|(now, earlier)| match self.boot_id == before.boot_id {
            true => work_since(now, earlier),
            false => work_since(now, &Work::default()),
        });
        Figures {
            span_ms: Some(span_ms),
            prompt_tokens: Some(prompt_tokens),
            output_tokens: Some(output_tokens),
            cpu_busy_ticks: cpu.map(|(busy, _)| busy),
            cpu_total_ticks: cpu.map(|(_, total)| total),
            finished: work.map(|(finished, ..)| finished),
            failed: work.map(|(_, failed, _)| failed),
            first_token: work.map(|(.., first_token)| first_token),
            ..Figures::default()
        }
    }

    /// A worker that was not there before has counted since it started.
    fn tokens_since(&self, before: &Self) -> (u64, u64) {
        self.tokens.iter().fold((0_u64, 0_u64), |(prompt, output), (worker, now)| {
            let earlier = before.tokens.get(worker).copied().unwrap_or_default();
            (
                prompt.saturating_add(counted(now.0, earlier.0)),
                output.saturating_add(counted(now.1, earlier.1)),
            )
        })
    }
}

/// What is measured at one moment.
pub(super) fn gauges(node: &LiveNode) -> Figures {
    let memory = node.inventory.memory.filter(|memory| memory.total_bytes > 0);
    let gpus = &node.inventory.gpus;
    let busy = || gpus.iter().filter_map(|gpu| gpu.busy_permille);
    let says_busy = busy().next().is_some();
    let workers = || node.replicas.values().filter_map(|replica| replica.worker.as_ref());
    Figures {
        nodes: 1,
        memory_total_bytes: memory.map(|memory| memory.total_bytes),
        memory_available_bytes: memory.map(|memory| memory.available_bytes.min(memory.total_bytes)),
        gpus: says_busy.then(|| busy().map(|_| 1).sum()),
        gpu_busy_permille: says_busy.then(|| busy().map(|permille| u64::from(permille.min(1_000))).sum()),
        gpu_memory_total_bytes: sum(gpus.iter().map(|gpu| gpu.memory_total_bytes)),
        gpu_memory_used_bytes: sum(gpus.iter().map(|gpu| gpu.memory_used_bytes)),
        running: Some(workers().map(|worker| u64::from(worker.running)).sum()),
        waiting: Some(workers().map(|worker| u64::from(worker.waiting)).sum()),
        ..Figures::default()
    }
}

/// Absent if there is nothing to add up.
fn sum(values: impl Iterator<Item = u64>) -> Option<u64> {
    values.reduce(u64::saturating_add)
}

/// What counts less than before has begun anew.
fn counted(now: u64, before: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

fn work_since(now: &Work, before: &Work) -> (u64, u64, FirstTokens) {
    let mut first_token = FirstTokens::default();
    let earlier = before.first_token.iter().copied().chain(std::iter::repeat(0));
    for ((entry, now), earlier) in first_token.0.iter_mut().zip(&now.first_token).zip(earlier) {
        *entry = counted(*now, earlier);
    }
    (counted(now.finished, before.finished), counted(now.failed, before.failed), first_token)
}

#[cfg(test)]
mod tests;
