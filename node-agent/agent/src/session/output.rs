//! Telling what a worker wrote.

use cloister_proto::agent::v1::agent_message::Message as Up;
use cloister_proto::agent::v1::{ReadReplicaOutput, ReplicaOutput};

use crate::limits::OUTPUT_LINES_KEPT;
use crate::supervisor::Supervisor;

/// The answer to a controller that asked.
pub(super) fn output(supervisor: &Supervisor, asked: &ReadReplicaOutput) -> Up {
    let lines = usize::try_from(asked.lines).unwrap_or(usize::MAX).min(OUTPUT_LINES_KEPT);
    let found = supervisor.outputs().last(&asked.replica_id, lines);
    Up::Output(ReplicaOutput {
        request: asked.request,
        unknown: found.is_none(),
        lines: found.unwrap_or_default(),
    })
}
