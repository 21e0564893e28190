//! The workers that run, and those of them that take requests.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use cloister_proto::worker::v1::worker_service_client::WorkerServiceClient;
use tonic::transport::Channel;

use super::Speeds;

/// A running worker.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) client: WorkerServiceClient<Channel>,
    pub(crate) pid: u32,
    /// It is loaded, and was not told to drain.
    pub(crate) ready: bool,
}

/// By replica id.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    running: RwLock<HashMap<String, Worker>>,
    speeds: Speeds,
}

impl Workers {
    pub(crate) fn insert(&self, replica_id: &str, worker: Worker) {
        self.running.write().unwrap_or_else(PoisonError::into_inner).insert(replica_id.to_owned(), worker);
    }

    pub(crate) fn remove(&self, replica_id: &str) {
        self.running.write().unwrap_or_else(PoisonError::into_inner).remove(replica_id);
        self.speeds.forget(replica_id);
    }

    /// How fast they answered lately.
    pub(crate) fn speeds(&self) -> &Speeds {
        &self.speeds
    }

    /// The worker of a replica that takes requests.
    pub(crate) fn ready(&self, replica_id: &str) -> Option<WorkerServiceClient<Channel>> {
        let workers = self.running.read().unwrap_or_else(PoisonError::into_inner);
        workers.get(replica_id).filter(|worker| worker.ready).map(|worker| worker.client.clone())
    }

    /// Resident bytes of all of them. Reads a file of /proc for each.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let workers = self.running.read().unwrap_or_else(PoisonError::into_inner);
        let resident = workers.values().map(|worker| crate::inventory::resident_bytes(worker.pid).0);
        resident.fold(0, u64::saturating_add)
    }
}
