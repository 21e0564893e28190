//! The controllers that this node is in session with, for whoever needs one of them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tonic::transport::Channel;

use crate::address::Target;

/// One entry per link that was welcomed. Cheap to clone; all clones are the same table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Controllers(watch::Sender<BTreeMap<Target, Connected>>);

#[derive(Debug)]
struct Connected {
    channel: Channel,
    /// Empty when the controller does not say who it is.
    controller_id: String,
    /// Up to which change of the board it was told.
    told: u64,
}

impl Controllers {
    /// Enters a link, or its newer connection.
    ///
    /// # Errors
    ///
    /// The address under which the same controller is in session already.
    pub(crate) fn enter(
        &self,
        target: &Target,
        channel: Channel,
        controller_id: &str,
        told: u64,
    ) -> Result<(), Target> {
        let mut twin = None;
        self.0.send_if_modified(|table| {
            let same =
                |connected: &Connected| !controller_id.is_empty() && connected.controller_id == controller_id;
            twin = table
                .iter()
                .find(|(other, connected)| *other != target && same(connected))
                .map(|(other, _)| other.clone());
            if twin.is_some() {
                return false;
            }
            let connected = Connected { channel, controller_id: controller_id.to_owned(), told };
            table.insert(target.clone(), connected);
            true
        });
        twin.map_or(Ok(()), Err)
    }

    /// The link's session is over.
    pub(crate) fn leave(&self, target: &Target) {
        self.0.send_if_modified(|table| table.remove(target).is_some());
    }

    /// The link has told everything up to `version` of the board.
    pub(crate) fn told(&self, target: &Target, version: u64) {
        self.0.send_if_modified(|table| match table.get_mut(target) {
            Some(connected) => {
                connected.told = version;
                true
            }
            None => false,
        });
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// The connections to all of them, in a stable order.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        self.0.borrow().values().map(|connected| connected.channel.clone()).collect()
    }

    /// Whether some link is in session with this controller.
    pub(crate) fn has(&self, controller_id: &str) -> bool {
        self.0.borrow().values().any(|connected| connected.controller_id == controller_id)
    }

    /// Waits until every one of them was told everything up to `version`; not for longer than `patience`.
    pub(crate) async fn all_told(&self, version: u64, patience: Duration) {
        let mut table = self.0.subscribe();
        let told = table.wait_for(|table| table.values().all(|connected| connected.told >= version));
        // Whoever reads so slowly sees the end of the session instead.
        let _ = tokio::time::timeout(patience, told).await;
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn target(port: u16) -> Target {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Target { url: format!("https://{address}").into(), address }
    }

    fn channel() -> Channel {
        tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy()
    }

    #[tokio::test]
    async fn one_controller_under_two_addresses_is_entered_once() {
        let controllers = Controllers::default();
        assert_eq!(controllers.enter(&target(1), channel(), "a", 0), Ok(()));
        assert_eq!(controllers.enter(&target(1), channel(), "a", 1), Ok(()));
        assert_eq!(controllers.enter(&target(2), channel(), "a", 0), Err(target(1)));
        assert_eq!(controllers.enter(&target(2), channel(), "b", 0), Ok(()));
        controllers.leave(&target(1));
        assert!(!controllers.has("a") && controllers.has("b"));
        // Those that do not say who they are cannot be told apart.
        for port in [3, 4] {
            assert_eq!(controllers.enter(&target(port), channel(), "", 0), Ok(()));
        }
        assert_eq!(controllers.count(), 3);
    }

    #[tokio::test]
    async fn whoever_waits_until_all_are_told_waits_for_the_last_one_and_not_for_ever() {
        let controllers = Controllers::default();
        for port in [1, 2] {
            controllers.enter(&target(port), channel(), "", 5).unwrap();
        }
        controllers.told(&target(1), 7);
        controllers.all_told(7, Duration::from_millis(1)).await;
        let all = controllers.all_told(7, Duration::from_secs(60));
        controllers.told(&target(2), 8);
        all.await;
    }
}
