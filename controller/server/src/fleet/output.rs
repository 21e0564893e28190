//! Asking an agent what a replica's worker wrote. The question goes down the control session, and the answer comes
//! back up between other messages. Agents are linked with every controller, so the one that is asked asks itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_api::limits::OUTPUT_LINES_MAX;
use cloister_proto::agent::v1::{ControllerMessage, ReadReplicaOutput, ReplicaOutput, controller_message};
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use super::FleetHandle;
use super::report::bounded_text;
use crate::limits::{OUTPUT_ANSWER_TIMEOUT, OUTPUT_QUESTIONS_MAX};

/// Why there is no output to show.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum OutputError {
    #[error(
        "its node is not connected to this controller now; what its agent keeps can be read when it is back"
    )]
    NotConnected,
    #[error(
        "the agent of its node has version {version} and is too old to show what its workers write; bring it up to date"
    )]
    TooOld { version: String },
    #[error("several people read the output of this node's replicas just now; try again in a moment")]
    Busy,
    #[error("its agent did not answer in time; try again")]
    Silent,
    #[error("its agent has no output of it; it has not started a worker yet")]
    Unknown,
}

/// The questions that one session has open.
#[derive(Debug)]
pub(super) struct OutputDesk {
    down: mpsc::Sender<Result<ControllerMessage, Status>>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    questions: HashMap<u64, oneshot::Sender<ReplicaOutput>>,
}

/// Closes a question whose asker is gone.
struct Asked<'a> {
    desk: &'a OutputDesk,
    request: u64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.desk.lock().questions.remove(&self.request);
    }
}

impl OutputDesk {
    pub(super) fn new(down: mpsc::Sender<Result<ControllerMessage, Status>>) -> Arc<Self> {
        Arc::new(Self { down, open: Mutex::default() })
    }

    async fn ask(&self, replica_id: &str, lines: u32) -> Result<ReplicaOutput, OutputError> {
        let (question, answer) = self.note()?;
        let question = ReadReplicaOutput { replica_id: replica_id.to_owned(), lines, ..question };
        let asked = Asked { desk: self, request: question.request };
        let message = Some(controller_message::Message::ReadOutput(question));
        self.down.try_send(Ok(ControllerMessage { message })).map_err(|_| OutputError::NotConnected)?;
        let answered = tokio::time::timeout(OUTPUT_ANSWER_TIMEOUT, answer).await;
        drop(asked);
        let answer = answered.map_err(|_| OutputError::Silent)?.map_err(|_| OutputError::NotConnected)?;
        if answer.unknown { Err(OutputError::Unknown) } else { Ok(answer) }
    }

    fn note(&self) -> Result<(ReadReplicaOutput, oneshot::Receiver<ReplicaOutput>), OutputError> {
        let mut open = self.lock();
        if open.questions.len() >= OUTPUT_QUESTIONS_MAX {
            return Err(OutputError::Busy);
        }
        open.last = open.last.wrapping_add(1);
        let request = open.last;
        let (sender, answer) = oneshot::channel();
        open.questions.insert(request, sender);
        Ok((ReadReplicaOutput { request, ..ReadReplicaOutput::default() }, answer))
    }

    /// Hands an answer to whoever asked; one that nobody asked for is dropped.
    pub(super) fn answer(&self, mut output: ReplicaOutput) {
        output.lines.truncate(OUTPUT_LINES_MAX as usize);
        for line in &mut output.lines {
            line.text = bounded_text(std::mem::take(&mut line.text));
        }
        let asker = self.lock().questions.remove(&output.request);
        if let Some(asker) = asker {
            let _ = asker.send(output);
        }
    }

    /// The session is over: nobody will answer.
    pub(super) fn close(&self) {
        self.lock().questions.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FleetHandle {
    /// The last `lines` lines that the worker of a replica on this node wrote.
    pub(crate) async fn replica_output(
        &self,
        node_id: &str,
        replica_id: &str,
        lines: u32,
    ) -> Result<ReplicaOutput, OutputError> {
        let live = self.live().get(node_id).cloned().filter(|node| node.connected);
        let node = live.ok_or(OutputError::NotConnected)?;
        let desk = self.shared.sessions.desk(node_id);
        let desk = desk.ok_or_else(|| OutputError::TooOld { version: node.agent_version.clone() })?;
        desk.ask(replica_id, lines).await
    }
}

#[cfg(test)]
mod tests {
    use cloister_proto::agent::v1::OutputLine;

    use super::*;

    fn line(text: &str) -> OutputLine {
        OutputLine { text: text.to_owned(), ..OutputLine::default() }
    }

    #[tokio::test]
    async fn an_answer_goes_to_the_one_who_asked_and_is_cut_to_size() {
        let (down, mut asked) = mpsc::channel(4);
        let desk = OutputDesk::new(down);
        let answering = Arc::clone(&desk);
        let agent = tokio::spawn(async move {
            let Some(Ok(message)) = asked.recv().await else { panic!("a question") };
            let Some(controller_message::Message::ReadOutput(question)) = message.message else { panic!() };
            answering.answer(ReplicaOutput { request: question.request + 1, ..ReplicaOutput::default() });
            let lines = vec![line(&"x".repeat(1 << 20)); 2 * OUTPUT_LINES_MAX as usize];
            answering.answer(ReplicaOutput { request: question.request, lines, ..ReplicaOutput::default() });
            question
        });
        let answer = desk.ask("r1", 7).await.unwrap();
        let question = agent.await.unwrap();
        assert_eq!((question.replica_id.as_str(), question.lines), ("r1", 7));
        assert_eq!(answer.lines.len(), OUTPUT_LINES_MAX as usize);
        assert!(answer.lines[0].text.len() <= crate::limits::AGENT_TEXT_MAX_BYTES);
    }

    #[tokio::test]
    async fn questions_are_few_and_a_session_that_ends_answers_them() {
        let (down, _asked) = mpsc::channel(64);
        let desk = OutputDesk::new(down);
        let asking: Vec<_> = (0..OUTPUT_QUESTIONS_MAX)
            .map(|_| {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move { desk.ask("r1", 1).await })
            })
            .collect();
        while desk.lock().questions.len() < OUTPUT_QUESTIONS_MAX {
            tokio::task::yield_now().await;
        }
        assert_eq!(desk.ask("r1", 1).await, Err(OutputError::Busy));
        desk.close();
        for asker in asking {
            assert_eq!(asker.await.unwrap(), Err(OutputError::NotConnected));
        }
    }
}
