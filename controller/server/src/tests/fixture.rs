//! Starting a controller, and waiting for what it does.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use cloister_evidence::record::{Kind, Outcome};
use cloister_store::{Change, JoinToken, RecordFilter, RecordQuery};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::fleet::NodeAttestor;
use crate::fleet::records::{draft, system};
use crate::options::Options;
use crate::run::Controller;

/// No wait in these tests takes longer, unless the machine is on its knees.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Fixture {
    pub(super) controller: Controller,
    arguments: Vec<String>,
    data: tempfile::TempDir,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(super) async fn with(extra: &[&str]) -> Self {
        Self::attested_by(None, extra).await
    }

    /// A controller for whose agents `attestor` vouches.
    pub(super) async fn attested_by(attestor: Option<Arc<dyn NodeAttestor>>, extra: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().to_str().unwrap();
        let local = "127.0.0.1:0";
        let base =
            ["cloister-controller", "--data", folder, "--http", local, "--grpc", local, "--agents", local];
        let arguments: Vec<String> = base.iter().chain(extra).map(|text| (*text).to_owned()).collect();
        let options = Options::parse_from(&arguments);
        let controller = Box::pin(Controller::start_with(options, attestor)).await.unwrap();
        Self { controller, arguments, data }
    }

    /// Stops the controller in good order and starts it again on the same data.
    pub(super) async fn restart(self) -> Self {
        let Self { controller, arguments, data } = self;
        Box::pin(controller.stop()).await.unwrap();
        let controller = Box::pin(Controller::start(Options::parse_from(&arguments))).await.unwrap();
        Self { controller, arguments, data }
    }

    pub(super) fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    pub(super) fn agents(&self) -> String {
        format!("https://{}", self.controller.endpoints().agents)
    }

    pub(super) fn ca_pem(&self) -> String {
        std::fs::read_to_string(self.data.path().join("ca.pem")).unwrap()
    }

    pub(crate) fn store(&self) -> &cloister_store::Store {
        &self.controller.fleet().shared.store
    }

    pub(super) async fn change(&self, kind: Kind, changes: Vec<Change>) {
        let record = draft(kind, Outcome::Success, system());
        self.controller.fleet().shared.ledger.change(changes, record).await.unwrap();
        self.controller.fleet().wake();
    }

    /// A join token secret that expires after `valid_s`.
    pub(super) async fn token(&self, valid_s: i64) -> String {
        let secret = ulid::Ulid::new().to_string();
        let now = Timestamp::now();
        let token = JoinToken {
            secret_hash: Sha256::digest(secret.as_bytes()).into(),
            created_at: now,
            expires_at: Timestamp::from_second(now.as_second() + valid_s).unwrap(),
            used_by: None,
        };
        self.change(Kind::NodeTokenCreated, vec![Change::AddJoinToken(token)]).await;
        secret
    }

    /// The leaves of all records of a kind, oldest first.
    pub(super) async fn records(&self, kind: &str) -> Vec<serde_json::Value> {
        let filter = RecordFilter { kind: Some(kind.to_owned()), ..RecordFilter::default() };
        let query = RecordQuery { filter, limit: 100, ..RecordQuery::default() };
        let rows = self.store().records(&query).await.unwrap();
        rows.iter().rev().map(|row| serde_json::from_slice(&row.leaf).unwrap()).collect()
    }
}

/// Looks again and again until there is something to see.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The same for something that comes by itself.
pub(super) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
