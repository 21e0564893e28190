//! What checking codes needs: the key under which secrets are kept, and a turn.

use tokio::sync::{Mutex, MutexGuard};

use crate::fleet::FleetHandle;
use crate::second_factor::SealingKey;

pub(super) struct SecondFactors {
    sealing_key: SealingKey,
    turn: Mutex<()>,
}

impl SecondFactors {
    pub(super) fn new(fleet: &FleetHandle) -> Self {
        Self { sealing_key: SealingKey::of(fleet), turn: Mutex::new(()) }
    }

    pub(super) fn sealing_key(&self) -> &SealingKey {
        &self.sealing_key
    }

    /// One code is looked at at a time: guesses that are sent at once count as those one after the other do.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}
