//! Samples as the columns that a chart draws.

use cloister_api::History;
use cloister_api::limits::HISTORY_POINTS_MAX;
use cloister_store::Figures;
use jiff::Timestamp;

use super::first_token::quantile_ms;
use super::merge::OverTime;
use crate::limits::{HISTORY_COARSE_STEP_S, HISTORY_FINE_STEP_S};

/// How far back is looked, and how closely: by samples of which step, as points of which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) sample_step_s: i64,
    pub(crate) step_s: i64,
    /// Of the first point, and after the last; both multiples of the step.
    pub(crate) from_s: i64,
    pub(crate) until_s: i64,
}

impl Range {
    /// `1h`, `24h` or `30d`, up to and with the step in which `now_s` lies.
    pub(crate) fn new(name: &str, now_s: i64) -> Option<Self> {
        let (sample_step_s, step_s, length_s) = match name {
            "1h" => (HISTORY_FINE_STEP_S, HISTORY_FINE_STEP_S, 3_600),
            "24h" => (HISTORY_FINE_STEP_S, 6 * HISTORY_FINE_STEP_S, 86_400),
            "30d" => (HISTORY_COARSE_STEP_S, 6 * HISTORY_COARSE_STEP_S, 30 * 86_400),
            _ => return None,
        };
        let until_s = super::floor(now_s, step_s) + step_s;
        Some(Self { sample_step_s, step_s, from_s: until_s - length_s, until_s })
    }

    fn count(self) -> usize {
        let count = usize::try_from((self.until_s - self.from_s) / self.step_s).unwrap_or(0);
        count.min(HISTORY_POINTS_MAX)
    }
}

/// One point for each step of `range`; a step without samples is a gap.
pub(crate) fn points(range: Range, samples: &[(i64, Figures)]) -> History {
    let mut steps: Vec<Option<OverTime>> = std::iter::repeat_with(|| None).take(range.count()).collect();
    for (at_s, figures) in samples.iter().filter(|(at_s, _)| *at_s >= range.from_s) {
        let place = usize::try_from((at_s - range.from_s) / range.step_s).ok();
        if let Some(step) = place.and_then(|place| steps.get_mut(place)) {
            step.get_or_insert_default().add(figures);
        }
    }
    let start = Timestamp::from_second(range.from_s).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    let mut history =
        History { start, step_s: u32::try_from(range.step_s).unwrap_or(u32::MAX), ..History::default() };
    for step in steps {
        // In a step in which no node was heard of, nothing is known of any.
        push(&mut history, &step.unwrap_or_default().figures());
    }
    history
}

fn push(history: &mut History, figures: &Figures) {
    let memory = figures.memory_total_bytes.zip(figures.memory_available_bytes);
    let per_s = |tokens: Option<u64>| {
        let span_ms = figures.span_ms.filter(|span_ms| *span_ms > 0)?;
        Some(rounded(tokens? as f64 * 1_000.0 / span_ms as f64))
    };
    let quantile = |share| quantile_ms(figures.first_token.as_ref()?, share);
    history.nodes.push(Some(figures.nodes).filter(|nodes| *nodes > 0));
    history.memory_total_bytes.push(figures.memory_total_bytes);
    history.memory_used_bytes.push(memory.map(|(total, available)| total.saturating_sub(available)));
    history.cpu_busy_percent.push(percent(figures.cpu_busy_ticks, figures.cpu_total_ticks));
    let gpus_permille = figures.gpus.map(|gpus| gpus.saturating_mul(1_000));
    history.gpu_busy_percent.push(percent(figures.gpu_busy_permille, gpus_permille));
    history.gpu_memory_total_bytes.push(figures.gpu_memory_total_bytes);
    history.gpu_memory_used_bytes.push(figures.gpu_memory_used_bytes);
    history.running.push(figures.running);
    history.waiting.push(figures.waiting);
    history.prompt_tokens_per_s.push(per_s(figures.prompt_tokens));
    history.output_tokens_per_s.push(per_s(figures.output_tokens));
    history.finished.push(figures.finished);
    history.failed.push(figures.failed);
    history.first_token_p50_ms.push(quantile(0.5));
    history.first_token_p95_ms.push(quantile(0.95));
}

fn percent(part: Option<u64>, whole: Option<u64>) -> Option<f64> {
    let whole = whole.filter(|whole| *whole > 0)?;
    Some(rounded((part? as f64 / whole as f64 * 100.0).min(100.0)))
}

/// Figures carry no more than two places behind the point.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_800_000_010;

    #[test]
    fn every_range_ends_with_the_present_step_and_has_no_more_points_than_it_may() {
        for (name, points, step_s) in [("1h", 120, 30), ("24h", 480, 180), ("30d", 480, 5_400)] {
            let range = Range::new(name, NOW_S).unwrap();
            assert_eq!((range.count(), range.step_s), (points, step_s), "{name}");
            assert!(range.until_s > NOW_S && range.until_s - NOW_S <= step_s, "{name}");
            assert_eq!(range.from_s.rem_euclid(range.sample_step_s), 0, "{name}");
            assert!(points <= HISTORY_POINTS_MAX);
        }
        for name in ["", "1", "1H", "7d", "30d ", "1h\0"] {
            assert_eq!(Range::new(name, NOW_S), None, "{name:?}");
        }
    }

    #[test]
    fn steps_without_samples_are_gaps_and_all_columns_are_as_long() {
        let range = Range::new("1h", NOW_S).unwrap();
        let busy = Figures {
            nodes: 2,
            memory_total_bytes: Some(100),
            memory_available_bytes: Some(25),
            cpu_busy_ticks: Some(1),
            cpu_total_ticks: Some(3),
            running: Some(4),
            output_tokens: Some(90),
            span_ms: Some(30_000),
            ..Figures::default()
        };
        // One before the range, two within it, one after.
        let times = [range.from_s - 30, range.from_s, range.from_s + 90, range.until_s];
        let history = points(range, &times.map(|at_s| (at_s, busy.clone())));
        assert_eq!(history.memory_used_bytes[..5], [Some(75), None, None, Some(75), None]);
        assert_eq!(history.output_tokens_per_s[..2], [Some(3.0), None]);
        assert_eq!(history.cpu_busy_percent[0], Some(33.33));
        assert_eq!((history.gpu_busy_percent[0], history.finished[0]), (None, None), "nobody said");
        assert_eq!(history.nodes.iter().flatten().count(), 2);
        let serde_json::Value::Object(fields) = serde_json::to_value(&history).unwrap() else { panic!() };
        let columns: Vec<_> = fields.values().filter_map(|value| value.as_array()).map(Vec::len).collect();
        assert_eq!(columns, [120; 15]);
    }

    #[test]
    fn a_step_of_several_samples_is_their_mean_their_peak_and_their_rate() {
        let range = Range::new("24h", NOW_S).unwrap();
        let sample = |place: i64, running, output_tokens| {
            let figures = Figures {
                nodes: 1,
                running: Some(running),
                output_tokens: Some(output_tokens),
                span_ms: Some(30_000),
                ..Figures::default()
            };
            (range.from_s + place * 30, figures)
        };
        let history = points(range, &[sample(0, 1, 300), sample(5, 9, 0), sample(6, 2, 30)]);
        assert_eq!(history.running[..3], [Some(9), Some(2), None]);
        assert_eq!(history.output_tokens_per_s[..3], [Some(5.0), Some(1.0), None]);
    }
}
