//! Who leads: the controller that holds the Lease. One leader saves work; nothing is wrong with two for a while,
//! because every change carries the revision it was made against.

mod claim;
#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::api::{Api, PostParams};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::claim::{Claim, Sighting, claim, released, taken};
use crate::crd::FIELD_MANAGER;
use crate::limits::{LEASE_RENEW_DEADLINE, LEASE_RENEW_INTERVAL, LEASE_REQUEST_TIMEOUT};

/// How soon a renewal that failed is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A Lease that the chart made; it is never created here.
#[derive(Clone)]
pub struct LeaderLease {
    leases: Api<Lease>,
    name: String,
    identity: String,
}

impl LeaderLease {
    /// `identity` must be another for every start of every controller: the pod's name and a boot id.
    pub fn new(
        client: Client,
        namespace: &str,
        name: impl Into<String>,
        identity: impl Into<String>,
    ) -> Self {
        Self { leases: Api::namespaced(client, namespace), name: name.into(), identity: identity.into() }
    }

    /// Tries to lead until `stop`, and says in `leading` whether it does. When it cannot renew for 10 seconds by its own
    /// clock it says no, however long the API server stays silent; others begin after 15. Gives the Lease back at
    /// the end.
    pub async fn run(self, leading: watch::Sender<bool>, stop: CancellationToken) {
        let mut sighting = Sighting::default();
        let mut renewed_at: Option<Instant> = None;
        loop {
            let pause = self.round(&mut sighting, &mut renewed_at, &leading, &stop).await;
            let lost = renewed_at.map(|at| at + LEASE_RENEW_DEADLINE);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
                () = until(lost) => give_up(&mut renewed_at, &leading),
            }
        }
        if leading.send_replace(false) || renewed_at.is_some() {
            self.release().await;
        }
    }

    /// One attempt, cut short when leadership runs out. Returns how long to wait for the next.
    async fn round(
        &self,
        sighting: &mut Sighting,
        renewed_at: &mut Option<Instant>,
        leading: &watch::Sender<bool>,
        stop: &CancellationToken,
    ) -> Duration {
        let begun = Instant::now();
        let lost = renewed_at.map(|at| at + LEASE_RENEW_DEADLINE);
        let attempt = tokio::time::timeout(LEASE_REQUEST_TIMEOUT, self.attempt(sighting));
        let outcome = tokio::select! {
            () = stop.cancelled() => return Duration::ZERO,
            () = until(lost) => { give_up(renewed_at, leading); return RETRY_INTERVAL },
            outcome = attempt => outcome,
        };
        match outcome {
            Ok(Ok(true)) => {
                // From before the request: the API server's clock for it began later.
                *renewed_at = Some(begun);
                if !leading.send_replace(true) {
                    tracing::info!(lease = %self.name, identity = %self.identity, "this controller leads");
                }
                LEASE_RENEW_INTERVAL
            }
            Ok(Ok(false)) => {
                if renewed_at.take().is_some() && leading.send_replace(false) {
                    tracing::warn!(lease = %self.name, "another controller leads now");
                }
                LEASE_RENEW_INTERVAL
            }
            Ok(Err(error)) => {
                tracing::warn!(lease = %self.name, %error, "the Lease cannot be read or written");
                RETRY_INTERVAL
            }
            Err(_) => {
                tracing::warn!(lease = %self.name, "the API server did not answer about the Lease in time");
                RETRY_INTERVAL
            }
        }
    }

    /// Whether the Lease is held now. Losing a race is no error: somebody else holds it then.
    async fn attempt(&self, sighting: &mut Sighting) -> Result<bool, kube::Error> {
        let lease = self.leases.get(&self.name).await?;
        let spec = lease.spec.clone().unwrap_or_default();
        sighting.see(&spec, Instant::now());
        let spec = match claim(&spec, &self.identity, sighting, Instant::now()) {
            Claim::Wait => return Ok(false),
            Claim::Take | Claim::Renew => taken(spec, &self.identity, jiff::Timestamp::now()),
        };
        let claimed = Lease { spec: Some(spec), ..lease };
        match self.leases.replace(&self.name, &parameters(), &claimed).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn release(&self) {
        let release = async {
            let lease = self.leases.get(&self.name).await?;
            let spec = lease.spec.clone().unwrap_or_default();
            if spec.holder_identity.as_deref() != Some(self.identity.as_str()) {
                return Ok(());
            }
            let free = Lease { spec: Some(released(spec)), ..lease };
            self.leases.replace(&self.name, &parameters(), &free).await.map(drop)
        };
        match tokio::time::timeout(LEASE_REQUEST_TIMEOUT, release).await {
            Ok(Ok(())) => tracing::info!(lease = %self.name, "the Lease is given back"),
            Ok(Err(error)) => {
                tracing::warn!(lease = %self.name, %error, "the Lease could not be given back; it runs out by itself")
            }
            Err(_) => {
                tracing::warn!(lease = %self.name, "the Lease could not be given back in time; it runs out by itself")
            }
        }
    }
}

fn parameters() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}

fn give_up(renewed_at: &mut Option<Instant>, leading: &watch::Sender<bool>) {
    *renewed_at = None;
    if leading.send_replace(false) {
        tracing::warn!("this controller leads no more: the Lease could not be renewed in time");
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
