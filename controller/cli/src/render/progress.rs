//! Progress on a terminal; silence elsewhere.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

const BYTES: &str = "{msg:34} {bar:28} {bytes:>11} of {total_bytes:<11} {binary_bytes_per_sec:>12}  {eta:>4}";
const SPINNER: &str = "{msg:34} {spinner} {elapsed}";

/// A group of bars that is drawn only when a person watches.
pub(crate) fn bars(output: &Output) -> MultiProgress {
    let bars = MultiProgress::new();
    if !output.is_watched() {
        bars.set_draw_target(ProgressDrawTarget::hidden());
    }
    bars
}

/// Bytes done of bytes in all, with rate and time left.
pub(crate) fn bytes_bar(bars: &MultiProgress, message: &str, total_bytes: u64) -> ProgressBar {
    let bar = bars.add(ProgressBar::new(total_bytes));
    if let Ok(style) = ProgressStyle::with_template(BYTES) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar.set_message(message.to_string());
    bar
}

/// Something whose length is unknown.
pub(crate) fn spinner(bars: &MultiProgress, message: &str) -> ProgressBar {
    let bar = bars.add(ProgressBar::new_spinner());
    as_spinner(&bar, message);
    bar
}

pub(crate) fn as_spinner(bar: &ProgressBar, message: &str) {
    if let Ok(style) = ProgressStyle::with_template(SPINNER) {
        bar.set_style(style);
    }
    bar.set_message(message.to_string());
    bar.enable_steady_tick(Duration::from_millis(120));
}

pub(crate) fn as_bytes(bar: &ProgressBar, message: &str) {
    bar.disable_steady_tick();
    if let Ok(style) = ProgressStyle::with_template(BYTES) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar.set_message(message.to_string());
}
