//! What a worker writes: into the agent's log, and its last lines into the explanation of its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::limits::{LAST_OUTPUT_LINES, OUTPUT_LINE_MAX_BYTES};

/// The last lines that a worker wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LAST_OUTPUT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// In one line.
    pub(crate) fn joined(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }
}

/// Logs every line of `stream` until it ends.
pub(crate) async fn follow(replica_id: String, stream: impl AsyncRead + Unpin, last: LastLines) {
    let mut reader = BufReader::with_capacity(OUTPUT_LINE_MAX_BYTES, stream);
    while let Some(line) = next_line(&mut reader).await {
        if !line.is_empty() {
            tracing::info!(target: "cloister_agent::worker", replica = replica_id, "{line}");
            last.push(line);
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

    #[tokio::test]
    async fn the_last_lines_are_kept_and_none_is_unbounded() {
        let long = "x".repeat(3 * OUTPUT_LINE_MAX_BYTES);
        let text = (0..20).map(|number| format!("line {number}\n")).collect::<String>() + &long;
        let last = LastLines::default();
        follow("r".into(), text.as_bytes(), last.clone()).await;
        let joined = last.joined();
        assert!(joined.len() <= LAST_OUTPUT_LINES * (OUTPUT_LINE_MAX_BYTES + 3));
        assert!(joined.ends_with("xxx"));

        let last = LastLines::default();
        follow("r".into(), "one\ntwo\nthree\nfour\nfive\nsix\n".as_bytes(), last.clone()).await;
        assert_eq!(last.joined(), "two | three | four | five | six");
    }
}
