//! Obeying, or refusing, an order.

use std::sync::{Arc, Mutex, PoisonError};

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::{DesiredState, GenerationAccepted, GenerationRefused};

use crate::state::{GenerationFile, Verdict};
use crate::supervisor::Supervisor;

pub(crate) fn current(file: &Arc<Mutex<GenerationFile>>) -> u64 {
    file.lock().unwrap_or_else(PoisonError::into_inner).current()
}

/// Judges the order's generation, has it on disk, and only then sets to work.
///
/// # Errors
///
/// The disk does not take the generation: the session ends, and the controller will order again.
pub(crate) async fn accept(
    file: &Arc<Mutex<GenerationFile>>,
    desired: DesiredState,
    supervisor: &Supervisor,
) -> Result<Up, tonic::Status> {
    let (file, ordered) = (Arc::clone(file), desired.generation);
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
