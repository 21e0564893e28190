//! Figures put together: of several nodes at one time, and of one subject over time.

use cloister_store::{Figures, FirstTokens};

/// Adds what another node did in the same step.
pub(super) fn beside(sum: &mut Figures, node: &Figures) {
    sum.nodes = sum.nodes.saturating_add(node.nodes);
    for (sum, more) in [
        (&mut sum.memory_total_bytes, node.memory_total_bytes),
        (&mut sum.memory_available_bytes, node.memory_available_bytes),
        (&mut sum.gpus, node.gpus),
        (&mut sum.gpu_busy_permille, node.gpu_busy_permille),
        (&mut sum.gpu_memory_total_bytes, node.gpu_memory_total_bytes),
        (&mut sum.gpu_memory_used_bytes, node.gpu_memory_used_bytes),
        (&mut sum.running, node.running),
        (&mut sum.waiting, node.waiting),
    ] {
        add(sum, more);
    }
    sum.span_ms = sum.span_ms.max(node.span_ms);
    count(sum, node);
}

/// What is counted adds up over nodes and over time alike.
fn count(sum: &mut Figures, more: &Figures) {
    for (sum, more) in [
        (&mut sum.cpu_busy_ticks, more.cpu_busy_ticks),
        (&mut sum.cpu_total_ticks, more.cpu_total_ticks),
        (&mut sum.prompt_tokens, more.prompt_tokens),
        (&mut sum.output_tokens, more.output_tokens),
        (&mut sum.finished, more.finished),
        (&mut sum.failed, more.failed),
    ] {
        add(sum, more);
    }
    if let Some(more) = &more.first_token {
        let sum = sum.first_token.get_or_insert_with(FirstTokens::default);
        for (sum, more) in sum.0.iter_mut().zip(more.0) {
            *sum = sum.saturating_add(more);
        }
    }
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or_default().saturating_add(more));
    }
}

/// Several steps of one subject, as one longer step: the mean of what is measured, the most that ran and waited, all
/// that was counted.
#[derive(Debug, Default)]
pub(super) struct OverTime {
    /// Peaks and counts.
    sum: Figures,
    memory_total_bytes: Mean,
    memory_available_bytes: Mean,
    gpus: Mean,
    gpu_busy_permille: Mean,
    gpu_memory_total_bytes: Mean,
    gpu_memory_used_bytes: Mean,
}

impl OverTime {
    pub(super) fn add(&mut self, step: &Figures) {
        self.sum.nodes = self.sum.nodes.max(step.nodes);
        self.sum.running = self.sum.running.max(step.running);
        self.sum.waiting = self.sum.waiting.max(step.waiting);
        add(&mut self.sum.span_ms, step.span_ms);
        count(&mut self.sum, step);
        self.memory_total_bytes.add(step.memory_total_bytes);
        self.memory_available_bytes.add(step.memory_available_bytes);
        self.gpus.add(step.gpus);
        self.gpu_busy_permille.add(step.gpu_busy_permille);
        self.gpu_memory_total_bytes.add(step.gpu_memory_total_bytes);
        self.gpu_memory_used_bytes.add(step.gpu_memory_used_bytes);
    }

    pub(super) fn figures(self) -> Figures {
        Figures {
            memory_total_bytes: self.memory_total_bytes.get(),
            memory_available_bytes: self.memory_available_bytes.get(),
            gpus: self.gpus.get(),
            gpu_busy_permille: self.gpu_busy_permille.get(),
            gpu_memory_total_bytes: self.gpu_memory_total_bytes.get(),
            gpu_memory_used_bytes: self.gpu_memory_used_bytes.get(),
            ..self.sum
        }
    }
}

/// Of the steps that have the figure.
#[derive(Debug, Default)]
struct Mean {
    sum: u128,
    count: u128,
}

impl Mean {
    fn add(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.sum = self.sum.saturating_add(value.into());
            self.count += 1;
        }
    }

    fn get(&self) -> Option<u64> {
        let mean = (self.sum + self.count / 2).checked_div(self.count)?;
        Some(u64::try_from(mean).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(memory: Option<u64>, running: Option<u64>, output_tokens: Option<u64>) -> Figures {
        Figures {
            nodes: 1,
            memory_available_bytes: memory,
            running,
            output_tokens,
            span_ms: output_tokens.map(|_| 30_000),
            ..Figures::default()
        }
    }

    fn first_tokens(entry: usize, counted: u64) -> Option<FirstTokens> {
        let mut counts = FirstTokens::default();
        counts.0[entry] = counted;
        Some(counts)
    }

    #[test]
    fn over_time_what_is_measured_is_averaged_what_ran_is_the_most_and_what_is_counted_adds_up() {
        let cases: [(&[Figures], Figures); 5] = [
            (&[], Figures::default()),
            (&[step(Some(10), Some(2), Some(60))], step(Some(10), Some(2), Some(60))),
            (
                &[step(Some(10), Some(2), Some(60)), step(Some(20), Some(7), Some(40))],
                Figures { span_ms: Some(60_000), ..step(Some(15), Some(7), Some(100)) },
            ),
            // A gap is not a zero: neither in the mean nor in the span that rates go by.
            (
                &[step(Some(10), Some(2), None), step(None, None, Some(40)), Figures::default()],
                step(Some(10), Some(2), Some(40)),
            ),
            (&[step(None, None, None), step(None, None, None)], step(None, None, None)),
        ];
        for (steps, wanted) in cases {
            let mut sum = OverTime::default();
            steps.iter().for_each(|step| sum.add(step));
            assert_eq!(sum.figures(), wanted, "{steps:?}");
        }
    }

    #[test]
    fn over_nodes_everything_adds_up_but_the_time_that_went_by() {
        let mut fleet = Figures::default();
        beside(&mut fleet, &Figures { first_token: first_tokens(3, 2), ..step(Some(10), Some(2), Some(60)) });
        beside(&mut fleet, &Figures { first_token: first_tokens(3, 1), ..step(Some(30), Some(1), Some(30)) });
        beside(&mut fleet, &step(None, Some(4), None));
        let wanted = Figures {
            nodes: 3,
            span_ms: Some(30_000),
            first_token: first_tokens(3, 3),
            ..step(Some(40), Some(7), Some(90))
        };
        assert_eq!(fleet, wanted);
    }

    #[test]
    fn first_tokens_of_a_day_are_those_of_its_hours() {
        let mut day = OverTime::default();
        for counted in [1, 0, 5] {
            day.add(&Figures { first_token: first_tokens(7, counted), ..Figures::default() });
        }
        day.add(&Figures::default());
        assert_eq!(day.figures().first_token, first_tokens(7, 6));
    }
}
