//! Obeying, or refusing, an order.

use std::sync::{Arc, Mutex, PoisonError};

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::{DesiredState, GenerationAccepted, GenerationRefused};

use crate::state::{GenerationFile, Verdict};
use crate::supervisor::Supervisor;

/// What was obeyed so far, whichever controller ordered it.
#[derive(Debug)]
pub(crate) struct Orders {
    file: Arc<Mutex<GenerationFile>>,
    /// Held from judging an order to setting to work: of two orders that arrive at once over two links the
    /// newer one must also be the last one.
    turn: tokio::sync::Mutex<()>,
}

impl Orders {
    pub(crate) fn new(file: GenerationFile) -> Self {
        Self { file: Arc::new(Mutex::new(file)), turn: tokio::sync::Mutex::default() }
    }

    /// The highest generation obeyed.
    pub(crate) fn current(&self) -> u64 {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).current()
    }

    /// Judges the order's generation, has it on disk, and only then sets to work.
    ///
    /// # Errors
    ///
    /// The disk does not take the generation: the session ends, and the controller will order again.
    pub(crate) async fn accept(
        &self,
        desired: DesiredState,
        supervisor: &Supervisor,
    ) -> Result<Up, tonic::Status> {
        let _turn = self.turn.lock().await;
        let (file, ordered) = (Arc::clone(&self.file), desired.generation);
        let verdict = tokio::task::spawn_blocking(move || {
            file.lock().unwrap_or_else(PoisonError::into_inner).accept(ordered)
        })
        .await
        .map_err(|_| tonic::Status::cancelled("the agent stops"))?;
        match verdict {
            Ok(Verdict::Obey) => {
                supervisor.apply(&desired);
                Ok(Up::Accepted(GenerationAccepted { generation: ordered }))
            }
            Ok(Verdict::Refuse { current }) => {
                tracing::warn!(ordered, current, "refused an order that is older than the one in force");
                Ok(Up::Refused(GenerationRefused { ordered, current }))
            }
            Err(error) => {
                tracing::error!("{error}");
                Err(tonic::Status::unavailable(error.to_string()))
            }
        }
    }
}
