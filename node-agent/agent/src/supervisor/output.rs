//! What workers write: into the agent's log, its last lines into the explanation of an end, and more of them kept for
//! whoever asks. A worker writes no text of requests and answers, so there is none in here.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use cloister_proto::agent::v1::OutputLine;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::limits::{LAST_OUTPUT_LINES, OUTPUT_LINE_MAX_BYTES, OUTPUT_LINES_KEPT, OUTPUT_MAX_BYTES};

/// The output of every replica on this node, by replica id.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Mutex<HashMap<String, Output>>);

impl Outputs {
    /// The output of a replica, made if there is none.
    pub(crate) fn of(&self, replica_id: &str) -> Output {
        self.lock().entry(replica_id.to_owned()).or_default().clone()
    }

    /// The last `lines` lines that a replica's workers wrote; `None` if nothing is known of it.
    pub(crate) fn last(&self, replica_id: &str, lines: usize) -> Option<Vec<OutputLine>> {
        self.lock().get(replica_id).map(|output| output.last(lines))
    }

    /// Forgets replicas, but for those that `keep` names.
    pub(crate) fn prune(&self, keep: impl Fn(&str) -> bool) {
        self.lock().retain(|id, _| keep(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Output>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last lines of one replica, also of its earlier runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<OutputLine>,
    bytes: usize,
    /// The run that writes now; `None` before the first.
    run: Option<u32>,
}

impl Output {
    /// Another worker starts; what is written from now on is its.
    pub(crate) fn begin_run(&self) {
        let mut kept = self.lock();
        kept.run = Some(kept.run.map_or(0, |run| run.saturating_add(1)));
    }

    pub(crate) fn push(&self, text: String) {
        let mut kept = self.lock();
        let run = kept.run.unwrap_or(0);
        kept.bytes += text.len();
        kept.lines.push_back(OutputLine { at_unix_ms: unix_now_ms(), run, text });
        while kept.lines.len() > OUTPUT_LINES_KEPT || kept.bytes > OUTPUT_MAX_BYTES {
            let Some(dropped) = kept.lines.pop_front() else { return };
            kept.bytes = kept.bytes.saturating_sub(dropped.text.len());
        }
    }

    /// The last lines of the present run, in one line.
    pub(crate) fn end_of_run(&self) -> String {
        let kept = self.lock();
        let run = kept.run.unwrap_or(0);
        let of_run: Vec<&str> =
            kept.lines.iter().filter(|line| line.run == run).map(|line| line.text.as_str()).collect();
        let last = of_run.len().saturating_sub(LAST_OUTPUT_LINES);
        of_run.get(last..).unwrap_or_default().join(" | ")
    }

    fn last(&self, lines: usize) -> Vec<OutputLine> {
        let kept = self.lock();
        kept.lines.iter().skip(kept.lines.len().saturating_sub(lines)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unix_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Logs and keeps every line of `stream` until it ends.
pub(crate) async fn follow(replica_id: String, stream: impl AsyncRead + Unpin, output: Output) {
    let mut reader = BufReader::with_capacity(OUTPUT_LINE_MAX_BYTES, stream);
    while let Some(line) = next_line(&mut reader).await {
        if !line.is_empty() {
            tracing::info!(target: "cloister_agent::worker", replica = replica_id, "{line}");
            output.push(line);
        }
    }
}

/// The next line, or as much of it as may be kept: a worker that writes without end must not fill the agent.
async fn next_line(reader: &mut BufReader<impl AsyncRead + Unpin>) -> Option<String> {
    let available = reader.fill_buf().await.ok().filter(|bytes| !bytes.is_empty())?;
    let end = available.iter().position(|byte| *byte == b'\n');
    let line =
        String::from_utf8_lossy(available.get(..end.unwrap_or(available.len()))?).trim_end().to_owned();
    let used = end.map_or(available.len(), |end| end + 1);
    reader.consume(used);
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[OutputLine]) -> Vec<(u32, &str)> {
        lines.iter().map(|line| (line.run, line.text.as_str())).collect()
    }

    #[tokio::test]
    async fn the_end_of_a_run_is_its_last_lines_and_none_is_unbounded() {
        let long = "x".repeat(3 * OUTPUT_LINE_MAX_BYTES);
        let text = (0..20).map(|number| format!("line {number}\n")).collect::<String>() + &long;
        let output = Output::default();
        follow("r".into(), text.as_bytes(), output.clone()).await;
        let end = output.end_of_run();
        assert!(end.len() <= LAST_OUTPUT_LINES * (OUTPUT_LINE_MAX_BYTES + 3));
        assert!(end.ends_with("xxx"));

        let output = Output::default();
        follow("r".into(), "one\ntwo\nthree\nfour\nfive\nsix\n".as_bytes(), output.clone()).await;
        assert_eq!(output.end_of_run(), "two | three | four | five | six");
    }

    #[test]
    fn what_the_run_before_wrote_is_still_there_and_explains_no_other_end() {
        let outputs = Outputs::default();
        assert_eq!(outputs.last("r", 10), None);
        let output = outputs.of("r");
        output.begin_run();
        output.push("out of memory".into());
        output.begin_run();
        assert_eq!(output.end_of_run(), "");
        output.push("started".into());
        let last = outputs.last("r", 10).unwrap();
        assert_eq!(texts(&last), [(0, "out of memory"), (1, "started")]);
        assert_eq!(texts(&outputs.last("r", 1).unwrap()), [(1, "started")]);
        outputs.prune(|id| id != "r");
        assert_eq!(outputs.last("r", 10), None);
    }

    #[test]
    fn neither_many_lines_nor_long_ones_fill_the_agent() {
        let output = Output::default();
        for number in 0..2 * OUTPUT_LINES_KEPT {
            output.push(number.to_string());
        }
        let last = output.last(usize::MAX);
        assert_eq!(last.len(), OUTPUT_LINES_KEPT);
        assert_eq!(last.last().unwrap().text, (2 * OUTPUT_LINES_KEPT - 1).to_string());
        for _ in 0..OUTPUT_LINES_KEPT {
            output.push("x".repeat(OUTPUT_LINE_MAX_BYTES));
        }
        let bytes: usize = output.last(usize::MAX).iter().map(|line| line.text.len()).sum();
        assert!(bytes <= OUTPUT_MAX_BYTES);
    }
}
