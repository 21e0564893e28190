//! The life of one simulated node after it enrolled.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::backoff::Backoff;
use crate::board::{Board, ReplicaCount};
use crate::identity::{Door, Identity};
use crate::limits::{CONNECTING_AT_ONCE, SOUND_AFTER};
use crate::link::{self, Ended};
use crate::orders::Generation;
use crate::profile::Profile;
use crate::replicas::Replicas;

/// What all nodes share.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) door: Door,
    pub(crate) board: Arc<Board>,
    pub(crate) connecting: Semaphore,
    pub(crate) token_pause: Duration,
}

impl Surroundings {
    pub(crate) fn new(door: Door, board: Arc<Board>, token_pause: Duration) -> Self {
        Self { door, board, connecting: Semaphore::new(CONNECTING_AT_ONCE), token_pause }
    }
}

pub(crate) struct Node {
    pub(crate) profile: Profile,
    pub(crate) identity: Identity,
    pub(crate) generation: Generation,
    pub(crate) replicas: Replicas,
    pub(crate) around: Arc<Surroundings>,
    pub(crate) started: Instant,
    counted: ReplicaCount,
}

impl Node {
    pub(crate) fn new(
        profile: Profile,
        identity: Identity,
        replicas: Replicas,
        around: Arc<Surroundings>,
    ) -> Self {
        Self {
            profile,
            identity,
            generation: Generation::default(),
            replicas,
            around,
            started: Instant::now(),
            counted: ReplicaCount::default(),
        }
    }

    /// Connects, and connects again, until told to stop or until the fleet does not want it any more. Its replicas
    /// stay while the controller is away.
    pub(crate) async fn live(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            let began = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = Box::pin(link::run(&mut self)) => ended,
            };
            match ended {
                Ended::Renewed(identity) => {
                    self.identity = *identity;
                    continue;
                }
                Ended::Lost(status) if is_final(&status) => {
                    tracing::warn!(node = self.profile.name, "dismissed: {}", status.message());
                    self.around.board.dismissed.add_one();
                    return;
                }
                Ended::Lost(status) => {
                    self.around.board.links_lost.add_one();
                    if began.elapsed() >= SOUND_AFTER {
                        backoff = Backoff::default();
                    }
                    let wait = backoff.next_wait(&mut self.profile.chance);
                    tracing::info!(
                        node = self.profile.name,
                        retry_in_ms = wait.as_millis(),
                        "link lost: {}",
                        status.message()
                    );
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    /// Puts how many replicas there are now on the board.
    pub(crate) fn count(&mut self) {
        let now = self.replicas.count();
        self.around.board.count_replicas(self.counted, now);
        self.counted = now;
    }
}

/// Whether waiting does not mend it: the node was revoked, or its certificate is not accepted.
fn is_final(status: &Status) -> bool {
    matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated)
}
