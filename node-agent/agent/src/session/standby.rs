//! A second address of a controller that is in session already: kept in reserve.

use tokio_util::sync::CancellationToken;

use super::Session;
use crate::limits::STANDBY_GRACE;

impl Session {
    /// Returns when the controller has been without a session for a while, or when this link is to end.
    ///
    /// The wait is longer than a reconnect takes: opening this session ended the other one, whose link must win.
    pub(super) async fn stand_by(&mut self, controller_id: &str, stop: &CancellationToken) {
        self.channel.publish(None);
        let controllers = self.node.controllers.clone();
        let free = async {
            let mut absent = 0;
            while absent < 2 {
                tokio::time::sleep(STANDBY_GRACE / 2).await;
                absent = if controllers.has(controller_id) { 0 } else { absent + 1 };
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = self.listed.wait_for(|listed| !listed) => {}
            () = free => {}
        }
    }
}
